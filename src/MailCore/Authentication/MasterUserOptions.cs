namespace MailCore.Authentication;

/// <summary>
/// Users who may log in as any other with a password of their own, to move mailboxes from or to other servers. Who holds such a password
/// reads everybody's mail.
/// </summary>
public sealed class MasterUserOptions
{
    /// <summary>Shorter passwords are refused at the start.</summary>
    public const int MinPasswordLength = 12;

    /// <summary>Stands between the user's name and the master's: "alice@example.org*master" by default. Null leaves SASL's authorization identity (RFC 4616) as the only way.</summary>
    public char? Separator { get; set; } = '*';

    /// <summary>Those who may; nobody by default.</summary>
    public IList<MasterUser> Users { get; } = [];

    /// <summary>Tells who a user is that a master asks for, null for nobody; by default the account of that address.</summary>
    public Func<string, CancellationToken, ValueTask<MailIdentity?>>? FindUser { get; set; }

    /// <summary>What can't be, and what to write instead.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Separator is { } separator && (char.IsControl(separator) || char.IsLetterOrDigit(separator) || separator is '@' or ' '))
        {
            yield return $"MasterUserSeparator '{separator}' may stand in names. Use a sign such as *.";
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var user in Users)
        {
            if (SaslPrep.Prepare(user.Name) is not { Length: > 0 } || (Separator is { } between && user.Name.Contains(between, StringComparison.Ordinal)) || !names.Add(user.Name))
            {
                yield return $"MasterUsers: '{user.Name}' is no name for a master user, holds the separator, or is there twice.";
            }

            if (user.Password is { Length: > 0 } == user.PasswordHash is { Length: > 0 })
            {
                yield return $"MasterUsers: {user.Name} needs either a Password or a PasswordHash.";
            }
            else if (user.Password is { Length: > 0 and < MinPasswordLength })
            {
                yield return $"MasterUsers: the password of {user.Name} opens every mailbox; it needs {MinPasswordLength} characters or more.";
            }
            else if (user.PasswordHash is { Length: > 0 } hash && !Authentication.PasswordHash.IsReadable(hash))
            {
                yield return $"MasterUsers: the PasswordHash of {user.Name} can't be read. Use $pbkdf2-sha512$... or {{SHA512-CRYPT}}$6$...";
            }
        }
    }
}

/// <summary>One who may log in as others.</summary>
public sealed record MasterUser
{
    /// <summary>Compared without case. It is no account: without another's name it opens nothing.</summary>
    public required string Name { get; init; }

    /// <summary>The password, or null where there is a hash of it.</summary>
    public string? Password { get; init; }

    /// <summary>A hash as <see cref="Authentication.PasswordHash"/> reads it. SCRAM needs <see cref="Password"/> instead.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>May submit mail as the users, too; off by default.</summary>
    public bool MaySubmit { get; init; }

    /// <summary>Without the secret: it ends up in logs.</summary>
    public override string ToString() => Name;
}
