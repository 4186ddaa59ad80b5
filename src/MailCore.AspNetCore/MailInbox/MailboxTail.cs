using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>A row of a mailbox with the store's details.</summary>
internal readonly record struct InboxRow(MailboxRow Row, MessageRow Details);

/// <summary>
/// A mailbox from its newest message back. Few rows are read at first, and more with each reading: of many mailboxes most give none to
/// a page.
/// </summary>
/// <param name="account">Whose it is.</param>
/// <param name="mailbox">Where details are read.</param>
/// <param name="info">Its name.</param>
/// <param name="rows">Its rows when the request came.</param>
internal sealed class MailboxTail(InboxAccount account, Mailbox mailbox, MailboxInfo info, MailboxViewState rows)
{
    private const int LargestBlock = 64;

    private readonly Queue<InboxRow> _read = new();
    private int _end = rows.Count;
    private int _block = 1;

    /// <summary>Whose it is.</summary>
    public InboxAccount Account => account;

    public Mailbox Mailbox => mailbox;

    public MailboxInfo Info => info;

    /// <summary>The only messages to stop at; null for all.</summary>
    public UidSet? Candidates { get; init; }

    /// <summary>Valid after <see cref="MoveNextAsync"/> has said so.</summary>
    public InboxRow Current { get; private set; }

    /// <summary>Where <see cref="Current"/> stands among those of all mailboxes.</summary>
    public PageCursor Place => PlaceOf(Current.Details);

    /// <summary>Goes behind a place.</summary>
    public async ValueTask SeekAsync(PageCursor place, CancellationToken cancellationToken)
    {
        if (place.Key.Account == account.Id && place.Key.Mailbox == mailbox.Id)
        {
            _end = rows.LowerBound(place.Key.Uid);
            return;
        }

        // Messages came in the order of their UIDs. The newest is looked at first: it may be old enough.
        var (low, high, middle) = (0, rows.Count, rows.Count - 1);
        while (low < high)
        {
            if (await PlaceAtAsync(middle, cancellationToken).ConfigureAwait(false) is { } found && found.CompareTo(place) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }

            middle = low + ((high - low) / 2);
        }

        _end = low;
    }

    /// <summary>Reads the next older message; false when there is none.</summary>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        while (_read.Count == 0 && _end > 0)
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!_read.TryDequeue(out var row))
        {
            return false;
        }

        Current = row;
        return true;
    }

    private async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        var uids = new List<Uid>(_block);
        var ranks = new List<int>(_block);
        while (_end > 0 && uids.Count < _block)
        {
            var uid = rows.UidAt(--_end);
            if (Candidates?.Contains(uid) ?? true)
            {
                uids.Add(uid);
                ranks.Add(_end);
            }
        }

        _block = Math.Min(_block * 2, LargestBlock);
        var details = await mailbox.ReadBatchAsync(uids.ToArray(), MessageFields.Dates | MessageFields.Content | MessageFields.Summary, cancellationToken).ConfigureAwait(false);
        for (int i = 0, next = 0; i < details.Count; i++)
        {
            // Some may be gone since.
            while (uids[next] != details[i].Uid)
            {
                next++;
            }

            if (!details[i].Expunged)
            {
                _read.Enqueue(new InboxRow(rows[ranks[next]], details[i]));
            }
        }
    }

    private async ValueTask<PageCursor?> PlaceAtAsync(int rank, CancellationToken cancellationToken) =>
        await mailbox.ReadBatchAsync(new[] { rows.UidAt(rank) }, MessageFields.Dates, cancellationToken).ConfigureAwait(false) is [var row] ? PlaceOf(row) : null;

    private PageCursor PlaceOf(MessageRow row) => new(row.SaveDate.ToUnixTimeSeconds(), new MessageKey(account.Id, mailbox.Id, row.Uid));
}
