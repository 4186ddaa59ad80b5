using MailCore.Imap.Search;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 7377.</summary>
internal sealed class EsearchCommand(EsearchRequest request) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var request = reader.EsearchRequest();
        reader.End();
        return new EsearchCommand(request);
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var sources = request.Sources ?? [new MailboxFilter(MailboxFilterKind.Selected, [])];
        var options = request.Search.Return.Wanted == SearchReturn.Plain ? SearchReturnOptions.All : request.Search.Return;
        if (session.Selection is null && sources.Any(static source => source.Kind == MailboxFilterKind.Selected))
        {
            return ValueTask.FromResult(ImapReply.Bad("Select a mailbox first"));
        }

        if (sources is [{ Kind: MailboxFilterKind.Selected }])
        {
            return new SelectedSearch(session, options, areUids: true) { NamesMailbox = true }.RunAsync(request.Search.Key);
        }

        return options.Has(SearchReturn.Save | SearchReturn.Update)
            ? ValueTask.FromResult(ImapReply.Bad("SAVE and UPDATE are for the selected mailbox alone"))
            : new ManySearch(session, options).RunAsync(sources, request.Search.Key);
    }
}
