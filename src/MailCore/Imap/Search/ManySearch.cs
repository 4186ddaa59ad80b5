using MailCore.Authentication;
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

        var infos = MailboxesOf(await session.SnapshotAsync(), sources);
        var (before, total) = (0L, infos.Sum(static info => info.Messages));
        foreach (var info in infos)
        {
            await session.BreatheAsync();
            await _progress.TellAsync(before, total);
            if ((await session.FindMailboxAsync(MailboxName.Parse(info.Name), MailboxRights.Read)).Mailbox is { } mailbox
                && await MessagesAsync(mailbox) is { } messages)
            {
                await SearchAsync(mailbox, messages, key, new SearchProgress(_progress, before, total));
            }

            before += info.Messages;
        }

        return ImapReply.Ok("Searched");
    }

    private async ValueTask SearchAsync(Mailbox mailbox, SelectedMailbox messages, SearchKey key, SearchProgress progress)
    {
        // RFC 7377 2: no number is too high.
        SearchPlan.TryMake(key, messages, cutsNumbers: true, out var plan);
        var report = new SearchReport(session, messages, options, areUids: true)
        {
            Source = messages.State.Info,
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

    /// <summary>Each once, in the order of their names.</summary>
    private List<MailboxInfo> MailboxesOf(AccountSnapshot snapshot, IReadOnlyList<MailboxFilter> sources)
    {
        var selected = session.Selection?.Mailbox.Id;
        return [.. snapshot.Mailboxes.Where(info => sources.Any(source => source.Kind switch
        {
            MailboxFilterKind.Selected => info.Id == selected,
            MailboxFilterKind.Inboxes => info.Name == MailboxName.Inbox.Value,
            MailboxFilterKind.Personal => true,
            MailboxFilterKind.Subscribed => snapshot.Subscriptions.Contains(info.Name, StringComparer.Ordinal),
            MailboxFilterKind.Subtree => source.Names.Any(name => info.Name == name.Value || IsBelow(info.Name, name)),
            MailboxFilterKind.SubtreeOne => source.Names.Any(name => info.Name == name.Value
                || (IsBelow(info.Name, name) && info.Name.IndexOf(MailboxName.Separator, name.Value.Length + 1) < 0)),
            _ => source.Names.Any(name => info.Name == name.Value),
        }))];
    }

    private static bool IsBelow(string name, MailboxName above) =>
        name.Length > above.Value.Length && name[above.Value.Length] == MailboxName.Separator && name.StartsWith(above.Value, StringComparison.Ordinal);
}
