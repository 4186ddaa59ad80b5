using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>The names of subscribed mailboxes in a Maildir's "subscriptions" file: a name a line, its levels separated by dots or, after a line "V 2", by tabs.</summary>
internal static class MaildirSubscriptions
{
    private const string FileName = "subscriptions";

    public static IEnumerable<MailboxName> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var separator = '.';
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (line == "V\t2")
            {
                separator = '\t';
            }
            else if (line.Length > 0 && MailboxName.TryParse(string.Join(MailboxName.Separator, line.Split(separator).Select(MaildirNames.Decode)), out var name))
            {
                yield return name;
            }
        }
    }

    public static void Write(string folder, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            File.WriteAllText(
                Path.Combine(folder, FileName),
                string.Concat(names.Select(static name => MailboxName.Parse(name)).Select(static name => (name.IsInbox ? name.Value : MaildirNames.Format(name)[1..]) + "\n")));
        }
    }
}
