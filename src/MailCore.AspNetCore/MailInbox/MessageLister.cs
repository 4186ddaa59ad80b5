using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>What a list is asked for.</summary>
internal sealed record ListQuery(IReadOnlyList<string> Words, string? Account, string? Mailbox, PageCursor? Before, int Limit);

/// <summary>Lists the messages of all accounts, the newest first, by merging their mailboxes: what a page costs does not grow with them.</summary>
internal sealed class MessageLister(InboxAccounts accounts, MailInboxOptions options)
{
    public async ValueTask<MessagePageBody> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        var heads = new PriorityQueue<MailboxTail, PageCursor>(Comparer<PageCursor>.Create(static (one, other) => other.CompareTo(one)));
        var total = 0L;
        foreach (var account in await accounts.ListAsync(query.Account, cancellationToken).ConfigureAwait(false))
        {
            if (await accounts.OpenAsync(account, cancellationToken).ConfigureAwait(false) is { } open)
            {
                total += await AddAsync(heads, account, open, query, cancellationToken).ConfigureAwait(false);
            }
        }

        return await TakeAsync(heads, query, query.Words.Count > 0 ? null : total, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<long> AddAsync(
        PriorityQueue<MailboxTail, PageCursor> heads, InboxAccount account, MailAccount open, ListQuery query, CancellationToken cancellationToken)
    {
        var total = 0L;
        foreach (var info in (await open.SnapshotAsync(cancellationToken).ConfigureAwait(false)).Mailboxes)
        {
            if (info.Messages == 0 || (query.Mailbox is { } wanted && !info.Name.Equals(wanted, StringComparison.Ordinal)))
            {
                continue;
            }

            var mailbox = open.OpenMailbox(info.Id);
            if (await accounts.ReadRowsAsync(mailbox, cancellationToken).ConfigureAwait(false) is not { } rows)
            {
                continue;
            }

            total += rows.Count;
            var tail = new MailboxTail(account, mailbox, info, rows)
            {
                Candidates = await MessageSearch.FindCandidatesAsync(mailbox, query.Words, cancellationToken).ConfigureAwait(false),
            };
            if (query.Before is { } place)
            {
                await tail.SeekAsync(place, cancellationToken).ConfigureAwait(false);
            }

            if (await tail.MoveNextAsync(cancellationToken).ConfigureAwait(false))
            {
                heads.Enqueue(tail, tail.Place);
            }
        }

        return total;
    }

    private async ValueTask<MessagePageBody> TakeAsync(PriorityQueue<MailboxTail, PageCursor> heads, ListQuery query, long? total, CancellationToken cancellationToken)
    {
        var messages = new List<MessageItemBody>(query.Limit);
        PageCursor? last = null;
        for (var looked = 0; messages.Count < query.Limit && looked < options.MaxSearched && heads.TryDequeue(out var tail, out var place); looked++)
        {
            last = place;
            var message = new InboxMessage(tail.Account, tail.Mailbox, tail.Info.Name, tail.Current);
            await using (message.ConfigureAwait(false))
            {
                if (await MessageSearch.HoldsAllAsync(message, query.Words, cancellationToken).ConfigureAwait(false)
                    && await message.SummarizeAsync(cancellationToken).ConfigureAwait(false))
                {
                    messages.Add(MessageView.Item(message));
                }
            }

            if (await tail.MoveNextAsync(cancellationToken).ConfigureAwait(false))
            {
                heads.Enqueue(tail, tail.Place);
            }
        }

        return new MessagePageBody(messages, total, heads.Count > 0 ? last?.ToString() : null);
    }
}
