using MailCore.Imap.Fetch;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.5, with CHANGEDSINCE and VANISHED (RFC 7162 3.1.4.1, 3.2.6) and PARTIAL (RFC 9394 3.3).</summary>
internal sealed class FetchCommand(NumberSet numbers, List<FetchItem> items, FetchModifiers modifiers, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (modifiers.Vanished && (!areUids || !session.Has(ImapFeatures.QResync)))
        {
            return ImapReply.Bad(areUids ? "VANISHED is for those who enabled QRESYNC" : "VANISHED is for UID FETCH");
        }

        if (modifiers.Page is not null && !areUids)
        {
            return ImapReply.Bad("PARTIAL is for UID FETCH");
        }

        if (modifiers.ChangedSince is not null || items.Exists(static item => item.Kind == FetchKind.ModSeq))
        {
            session.Enable(ImapFeatures.CondStore);
        }

        if (modifiers.Vanished)
        {
            // What this client still counts is told first, as expunged now.
            await selection.SyncAsync(session, mayExpunge: true, surely: true);
        }

        if (!selection.Messages.TryResolve(numbers, areUids, out var set))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        if (modifiers.Page is { } page)
        {
            // RFC 9394 3.4: the page comes first, then what has changed on it.
            set = set.Page(page);
            if (!session.MessageLimit.Allows(set.Count))
            {
                return session.MessageLimit.Refusal();
            }
        }

        var note = session.MessageLimit.Cut(ref set, selection.Messages.Numbers);
        if (modifiers.Vanished)
        {
            await selection.WriteVanishedAsync(session, selection.Messages.ResolveUids(numbers), modifiers.ChangedSince!.Value);
        }

        AddOwed(session);
        var run = new FetchRun(session, items, modifiers.ChangedSince ?? default);
        var reply = !await run.RunAsync(set) ? ImapReply.No("Some of the messages were expunged", "EXPUNGEISSUED")
            : run.MetUnknownEncoding ? ImapReply.No("Some of the sections can't be decoded", "UNKNOWN-CTE")
            : ImapReply.Ok("Fetched");
        return note.Amend(reply, session.Writer);
    }

    private static FetchCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var items = reader.FetchItems();
        var modifiers = reader.FetchModifiers();
        reader.End();
        return new FetchCommand(numbers, items, modifiers, areUids);
    }

    // Asked for or not: the UID by RFC 3501 6.4.8 and RFC 7162 3.2.4, the ModSeq by RFC 7162 3.1.
    private void AddOwed(ImapSession session)
    {
        if ((areUids || session.Has(ImapFeatures.QResync)) && !session.Has(ImapFeatures.UidOnly) && !items.Exists(static item => item.Kind == FetchKind.Uid))
        {
            items.Insert(0, new FetchItem(FetchKind.Uid));
        }

        if (session.Has(ImapFeatures.CondStore) && !items.Exists(static item => item.Kind == FetchKind.ModSeq))
        {
            items.Add(new FetchItem(FetchKind.ModSeq));
        }
    }
}
