using MailCore.Imap.Fetch;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.5.</summary>
internal sealed class FetchCommand(NumberSet numbers, List<FetchItem> items, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var items = reader.FetchItems();
        reader.End();
        return new FetchCommand(numbers, items, areUids: false);
    }

    public static ImapCommand ParseUid(ref ImapReader reader)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var items = reader.FetchItems();
        reader.End();
        // RFC 3501 6.4.8: the UID comes along, asked for or not.
        if (!items.Exists(static item => item.Kind == FetchKind.Uid))
        {
            items.Insert(0, new FetchItem(FetchKind.Uid));
        }

        return new FetchCommand(numbers, items, areUids: true);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Selection!.Messages.TryResolve(numbers, areUids, out var set))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        var run = new FetchRun(session, items);
        return !await run.RunAsync(set) ? ImapReply.No("Some of the messages were expunged", "EXPUNGEISSUED")
            : run.MetUnknownEncoding ? ImapReply.No("Some of the sections can't be decoded", "UNKNOWN-CTE")
            : ImapReply.Ok("Fetched");
    }
}
