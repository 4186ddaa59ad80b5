using MailCore.Imap.Search;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.4, with RETURN (RFC 4731), SAVE (RFC 5182), UPDATE and CONTEXT (RFC 5267) and PARTIAL (RFC 9394).</summary>
internal sealed class SearchCommand(SearchRequest request, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        // RFC 9051 6.4.4: there is no SEARCH response any more.
        var options = request.Return.Wanted == SearchReturn.Plain && session.Has(ImapFeatures.Rev2) ? SearchReturnOptions.All : request.Return;
        return await new SelectedSearch(session, options, areUids).RunAsync(request.Key);
    }

    private static SearchCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var request = reader.SearchRequest();
        reader.End();
        return new SearchCommand(request, areUids);
    }
}
