using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>A search of several mailboxes, one after the other, each with an answer of its own (RFC 7377 2).</summary>
internal sealed class ManySearch(ImapSession session, SearchReturnOptions options)
{
    private readonly CommandProgress _progress = new(session);

    public async ValueTask<ImapReply> RunAsync(IReadOnlyList<MailboxFilter> sources, SearchKey key)
    {
        if (key.Any(static one => one is SearchKey.Sequence { Numbers.IsSaved: true } or SearchKey.Uids { Numbers.IsSaved: true }))
        {
            return ImapReply.Bad("'$' is of the selected mailbox");
        }

        (key, var refusal) = await SearchPreparation.RunAsync(session, options, key);
        if (refusal is { } refused)
        {
            return refused;
        }

        var visible = MailboxesOf(await session.ListMailboxesAsync(sources.Any(MayLeadToOthers)), sources);
        var (before, total) = (0L, visible.Sum(static mailbox => mailbox.Info.Messages));
        if (!session.MessageLimit.Allows(total))
        {
            return session.MessageLimit.Refusal();
        }

        foreach (var (_, info, _) in visible)
        {
            await session.BreatheAsync();
            await _progress.TellAsync(before, total);
            if ((await session.FindMailboxAsync(MailboxName.Parse(info.Name), MailboxOperation.Read)).Mailbox is { } mailbox
                && await MessagesAsync(mailbox) is { } messages)
            {
                await SearchAsync(new SearchPlace(mailbox, messages, info.Name), key, new SearchProgress(_progress, before, total));
            }

            before += info.Messages;
        }

        return ImapReply.Ok("Searched");
    }

    private async ValueTask SearchAsync(SearchPlace place, SearchKey key, SearchProgress progress)
    {
        var (mailbox, messages, name) = place;
        // RFC 7377 2: no number is too high.
        SearchPlan.TryMake(key, messages, cutsNumbers: true, out var plan);
        var report = new SearchReport(session, messages, options, areUids: true)
        {
            Source = messages.State.Info with { Name = name },
            Scores = await SearchPreparation.ScoresAsync(session, mailbox, messages, options.Has(SearchReturn.Relevancy) ? key : null),
        };
        await new SearchRun(session, mailbox, messages, plan) { Progress = progress }.RunAsync(report);
        report.End(plan.NamesModSeq);
    }

    // As the client sees the selected one.
    private async ValueTask<SelectedMailbox?> MessagesAsync(Mailbox mailbox) =>
        session.Selection is { } selection && selection.Mailbox.Id == mailbox.Id && selection.Mailbox.Account.Id == mailbox.Account.Id ? selection.Messages
        : await mailbox.OpenViewAsync(session.Aborted) is { } view ? new SelectedMailbox(view.State)
        : null;

    private bool MayLeadToOthers(MailboxFilter source) => source.Kind switch
    {
        MailboxFilterKind.Inboxes or MailboxFilterKind.Personal => false,
        MailboxFilterKind.Selected => session.Selection is { } selection && selection.Mailbox.Account != session.Account,
        MailboxFilterKind.Subscribed => true,
        _ => source.Names.Any(name => session.Namespaces.MayLeadToOthers(name.Value)),
    };

    /// <summary>Each once, in the order of their names.</summary>
    private List<VisibleMailbox> MailboxesOf(VisibleMailboxes visible, IReadOnlyList<MailboxFilter> sources)
    {
        var selected = session.Selection?.Mailbox;
        return [.. visible.Mailboxes.Where(mailbox => sources.Any(source => source.Kind switch
        {
            MailboxFilterKind.Selected => mailbox.Mailbox.Id == selected?.Id && mailbox.Mailbox.Account == selected.Account,
            MailboxFilterKind.Inboxes => mailbox.Info.Name == MailboxName.Inbox.Value,
            MailboxFilterKind.Personal => mailbox.Mailbox.Account == session.Account,
            MailboxFilterKind.Subscribed => visible.Subscriptions.Contains(mailbox.Info.Name, StringComparer.Ordinal),
            MailboxFilterKind.Subtree => source.Names.Any(name => mailbox.Info.Name == name.Value || IsBelow(mailbox.Info.Name, name)),
            MailboxFilterKind.SubtreeOne => source.Names.Any(name => mailbox.Info.Name == name.Value
                || (IsBelow(mailbox.Info.Name, name) && mailbox.Info.Name.IndexOf(MailboxName.Separator, name.Value.Length + 1) < 0)),
            _ => source.Names.Any(name => mailbox.Info.Name == name.Value),
        }))];
    }

    private static bool IsBelow(string name, MailboxName above) =>
        name.Length > above.Value.Length && name[above.Value.Length] == MailboxName.Separator && name.StartsWith(above.Value, StringComparison.Ordinal);

    private readonly record struct SearchPlace(Mailbox Mailbox, SelectedMailbox Messages, string Name);
}
