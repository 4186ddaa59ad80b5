using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>A search of the selected mailbox with all that a client may want of it.</summary>
/// <param name="session">Whose mailbox it is.</param>
/// <param name="options">What is wanted.</param>
/// <param name="areUids">Whether UIDs are told.</param>
internal sealed class SelectedSearch(ImapSession session, SearchReturnOptions options, bool areUids)
{
    /// <summary>Whether the answer names the mailbox (RFC 7377).</summary>
    public bool NamesMailbox { get; init; }

    public async ValueTask<ImapReply> RunAsync(SearchKey key)
    {
        var selection = session.Selection!;
        var mailbox = selection.Messages;
        if (options.Has(SearchReturn.Update) && selection.Contexts.Has(session.Tag.Span))
        {
            return ImapReply.Bad("A search of this tag is followed already");
        }

        (key, var refusal) = await SearchPreparation.RunAsync(session, options, key);
        if (refusal is { } refused)
        {
            return refused;
        }

        if (!SearchPlan.TryMake(key, mailbox, cutsNumbers: NamesMailbox, out var plan))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        if (plan.NamesModSeq)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        // RFC 9738 3.1: those that are searched count, not those that are found.
        var scope = plan.ScopeIn(mailbox);
        var note = session.MessageLimit.Cut(ref scope, mailbox.Numbers);
        var scores = await SearchPreparation.ScoresAsync(session, selection.Mailbox, mailbox, options.Has(SearchReturn.Relevancy) ? key : null);
        if (options.Has(SearchReturn.Save))
        {
            // RFC 5182 2.1: a search that fails leaves nothing.
            mailbox.Saved = UidSet.Empty;
        }

        var report = new SearchReport(session, mailbox, options, areUids)
        {
            Source = NamesMailbox ? mailbox.State.Info with { Name = selection.Name } : null,
            Scores = scores,
        };
        await new SearchRun(session, selection.Mailbox, mailbox, plan).RunAsync(report, scope);
        report.End(plan.NamesModSeq);
        if (options.Has(SearchReturn.Save))
        {
            mailbox.Saved = report.Saved();
        }

        if (options.Has(SearchReturn.Update) && note.IsCut)
        {
            SearchContexts.Refuse(session.Writer, session.Tag.Span);
        }
        else if (options.Has(SearchReturn.Update))
        {
            selection.Contexts.Add(new SearchContext(session.Tag.ToArray(), plan, areUids, report.Found) { Fetch = options.Fetch }, session);
        }

        return note.Amend(ImapReply.Ok("Searched"), session.Writer);
    }
}
