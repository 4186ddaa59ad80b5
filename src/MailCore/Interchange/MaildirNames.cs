using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>Mailboxes as Maildir++ names their folders: ".Work.2025" beside the inbox's own, each level in modified UTF-7.</summary>
internal static class MaildirNames
{
    private const char Separator = '.';
    private const string EncodedSeparator = "&AC4-";

    /// <summary>The name of a folder below the inbox's; false for what can't be a mailbox.</summary>
    public static bool TryParse(string folder, out MailboxName name)
    {
        name = default;
        if (folder.Length < 2 || folder[0] != Separator)
        {
            return false;
        }

        return MailboxName.TryParse(string.Join(MailboxName.Separator, folder[1..].Split(Separator).Select(Decode)), out name);
    }

    /// <summary>The folder of a mailbox other than the inbox.</summary>
    public static string Format(MailboxName name) => Separator + string.Join(Separator, name.Value.Split(MailboxName.Separator).Select(Encode));

    public static string Decode(string level) =>
        ModifiedUtf7.TryDecode(Encoding.UTF8.GetBytes(level.Replace(EncodedSeparator, ".", StringComparison.Ordinal)), out var text) ? text : level;

    // A dot within a level would begin another one: the one character that is encoded without need.
    private static string Encode(string level) => ModifiedUtf7.Encode(level).Replace(".", EncodedSeparator, StringComparison.Ordinal);
}
