using System.Diagnostics.CodeAnalysis;

namespace MailCore.Authentication;

/// <summary>Rights as letters (RFC 4314 2.1).</summary>
public static class RightsText
{
    // The order of RFC 4314 2.1; what a bit of MailboxRights is called.
    private const string Letters = "lrswikxtepa";

    private static readonly MailboxRights[] Bits =
    [
        MailboxRights.Lookup, MailboxRights.Read, MailboxRights.Seen, MailboxRights.Write, MailboxRights.Insert, MailboxRights.Create,
        MailboxRights.DeleteMailbox, MailboxRights.DeleteMessages, MailboxRights.Expunge, MailboxRights.Post, MailboxRights.Administer,
    ];

    // RFC 4314 2.1.1: what the letters of RFC 2086 stand for now.
    private const MailboxRights OldCreate = MailboxRights.Create | MailboxRights.DeleteMailbox;
    private const MailboxRights OldDelete = MailboxRights.DeleteMessages | MailboxRights.Expunge;

    /// <summary>Each right by itself with its letter, in the order in which they are written.</summary>
    public static IEnumerable<(char Letter, MailboxRights Right)> Each => Letters.Zip(Bits);

    /// <summary>
    /// Reads letters; "c" and "d" of RFC 2086 are "kx" and "te". False when there is one that is no right; capitals and digits are none
    /// here.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? letters, out MailboxRights rights)
    {
        rights = MailboxRights.None;
        foreach (var letter in letters ?? "?")
        {
            var index = Letters.IndexOf(letter, StringComparison.Ordinal);
            switch (letter)
            {
                case 'c':
                    rights |= OldCreate;
                    break;
                case 'd':
                    rights |= OldDelete;
                    break;
                case var _ when index >= 0:
                    rights |= Bits[index];
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>The letters that are rights here; what else a stored list may hold grants nothing.</summary>
    public static MailboxRights ParseKnown(string letters)
    {
        ArgumentNullException.ThrowIfNull(letters);
        var rights = MailboxRights.None;
        foreach (var letter in letters)
        {
            rights |= TryParse(letter.ToString(), out var known) ? known : MailboxRights.None;
        }

        return rights;
    }

    /// <summary>Writes letters, those of RFC 4314 only: what stores keep.</summary>
    public static string Format(MailboxRights rights) => string.Concat(Each.Where(each => rights.HasFlag(each.Right)).Select(static each => each.Letter));

    /// <summary>Writes letters for clients: "c" and "d" too, where any of what they stand for is there.</summary>
    public static string FormatForClients(MailboxRights rights) =>
        Format(rights) + ((rights & OldCreate) != 0 ? "c" : "") + ((rights & OldDelete) != 0 ? "d" : "");
}
