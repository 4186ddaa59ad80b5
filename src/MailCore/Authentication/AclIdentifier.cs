using System.Diagnostics.CodeAnalysis;

namespace MailCore.Authentication;

/// <summary>
/// Whom an entry of an access control list is for (RFC 4314 3): "anyone", a group as "$name", or a user by the account's id, all in
/// lower case; "-" before it takes rights away. An account whose id begins with '-' or '$' can't be named.
/// </summary>
public static class AclIdentifier
{
    /// <summary>Everybody, those who are not logged in too.</summary>
    public const string Anyone = "anyone";

    /// <summary>Octets of an identifier in UTF-8, at the most.</summary>
    public const int MaxOctets = 255;

    /// <summary>Puts what a client wrote into the one form in which identifiers are compared: SASLprep, then lower case.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? identifier)
    {
        identifier = string.IsNullOrEmpty(text) || text == "-" || text == "-$" || text == "$" ? null : SaslPrep.Prepare(text)?.ToLowerInvariant();
        if (identifier is not { Length: > 0 } || identifier.Any(char.IsControl) || System.Text.Encoding.UTF8.GetByteCount(identifier) > MaxOctets)
        {
            identifier = null;
        }

        return identifier is not null;
    }

    /// <summary>The identifiers that grant something to a user.</summary>
    public static IReadOnlyList<string> Of(MailIdentity user)
    {
        ArgumentNullException.ThrowIfNull(user);
        var identifiers = new List<string> { Anyone };
        if (!user.IsAnyone)
        {
            // An id that looks like a group or like what is taken away would get what was meant for others.
            if (user.Account.Value is [not ('-' or '$'), ..])
            {
                identifiers.Add(user.Account.Value.ToLowerInvariant());
            }

            identifiers.AddRange(user.Groups.Select(static group => "$" + group.ToLowerInvariant()));
        }

        return identifiers;
    }
}
