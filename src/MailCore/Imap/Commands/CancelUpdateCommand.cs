using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5267 4.3.5.</summary>
internal sealed class CancelUpdateCommand(List<byte[]> tags) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        var tags = new List<byte[]>();
        do
        {
            reader.Space();
            tags.Add(reader.String().ToArray());
        }
        while (!reader.Failed && !reader.AtEnd);

        return new CancelUpdateCommand(tags);
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var contexts = session.Selection!.Contexts;
        if (!tags.TrueForAll(tag => contexts.Has(tag)))
        {
            return ValueTask.FromResult(ImapReply.No("No search of this tag is followed"));
        }

        tags.ForEach(tag => contexts.Cancel(tag));
        return ValueTask.FromResult(ImapReply.Ok("No more of these changes are told"));
    }
}
