using System.Collections.Concurrent;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>A queue in memory, for tests and for servers whose mail may get lost when the process ends. Thread-safe.</summary>
public sealed class InMemoryRelayQueue(TimeProvider? time = null) : IndexedRelayQueue(time ?? TimeProvider.System)
{
    private readonly ConcurrentDictionary<long, Kept> _kept = new();
    private long _number;

    /// <inheritdoc/>
    public override ValueTask<IContentReader?> OpenContentAsync(QueueLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return new(_kept.TryGetValue(lease.Item, out var kept) ? BufferedContent.Reader(kept.Octets) : null);
    }

    /// <inheritdoc/>
    protected override long TakeNumbers(int count) => Interlocked.Add(ref _number, count) - count + 1;

    /// <inheritdoc/>
    protected override async ValueTask InsertAsync(
        QueueEntry entry, IReadOnlyList<(QueueRow Row, IReadOnlyList<QueueRecipient> Recipients)> items, StagedContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(content);
        var octets = new byte[content.Length];
        var reader = await content.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (int offset = 0, count; offset < octets.Length; offset += count)
            {
                count = await reader.ReadAsync(offset, octets.AsMemory(offset), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new EndOfStreamException("The content holds fewer octets than it announced.");
                }
            }
        }

        foreach (var (row, recipients) in items)
        {
            _kept[row.Item] = new Kept(new QueueDetails(entry, recipients, null), octets);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask UpdateAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        foreach (var change in changes)
        {
            if (change.State is null)
            {
                _kept.TryRemove(change.Row.Item, out _);
            }
            else if (_kept.TryGetValue(change.Row.Item, out var kept))
            {
                var details = kept.Details with { Recipients = change.Recipients ?? kept.Details.Recipients, LastReply = change.Reply ?? kept.Details.LastReply };
                _kept.TryUpdate(change.Row.Item, kept with { Details = details }, kept);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<QueueDetails?>> ReadAsync(IReadOnlyList<QueueRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new(rows.Select(row => _kept.GetValueOrDefault(row.Item)?.Details).ToList());
    }

    private sealed record Kept(QueueDetails Details, byte[] Octets);
}
