using MailCore.Imap.Search;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.4, with RETURN (RFC 4731) and SAVE (RFC 5182).</summary>
internal sealed class SearchCommand(SearchRequest request, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var mailbox = session.Selection!.Messages;
        if (!SearchPlan.TryMake(request.Key, mailbox, out var plan))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        if (plan.NamesModSeq)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        var saves = request.Return.HasFlag(SearchReturn.Save);
        if (saves)
        {
            // RFC 5182 2.1: a search that fails leaves nothing.
            mailbox.Saved = UidSet.Empty;
        }

        // RFC 9051 6.4.4: there is no SEARCH response any more.
        var wanted = request.Return == SearchReturn.Plain && session.Has(ImapFeatures.Rev2) ? SearchReturn.All : request.Return;
        var report = new SearchReport(session, wanted, areUids);
        await new SearchRun(session, session.Selection.Mailbox, mailbox, plan).RunAsync(report);
        report.End(plan.NamesModSeq);
        if (saves)
        {
            mailbox.Saved = report.Saved();
        }

        return ImapReply.Ok("Searched");
    }

    private static SearchCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var request = reader.SearchRequest();
        reader.End();
        return new SearchCommand(request, areUids);
    }
}
