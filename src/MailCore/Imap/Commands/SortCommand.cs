using MailCore.Imap.Sorting;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5256 3, with RETURN (RFC 5267 3.1), SAVE (RFC 5182) and PARTIAL (RFC 9394).</summary>
internal sealed class SortCommand(SearchReturnOptions options, IReadOnlyList<SortCriterion> criteria, SearchKey key, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (options.Has(SearchReturn.Update | SearchReturn.Context | SearchReturn.Relevancy))
        {
            return ImapReply.Bad("UPDATE, CONTEXT and RELEVANCY are for SEARCH");
        }

        var mailbox = session.Selection!.Messages;
        var run = new SortRun(session, criteria);
        var (plan, order, refusal) = await run.RunAsync(options, key);
        if (plan is null)
        {
            return refusal;
        }

        var report = new SortReport(session, order, areUids);
        await report.WriteAsync(options, plan.NamesModSeq ? run.HighestModSeq : null);
        if (options.Has(SearchReturn.Save))
        {
            mailbox.Saved = report.Saved(options);
        }

        return ImapReply.Ok("Sorted");
    }

    private static SortCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var (options, criteria, key) = reader.SortRequest();
        reader.End();
        return new SortCommand(options, criteria, key, areUids);
    }
}
