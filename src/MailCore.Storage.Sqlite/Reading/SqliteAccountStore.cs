using System.Runtime.CompilerServices;
using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Writing;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>The reads of one account.</summary>
/// <remarks>
/// Locking and threading. Each call opens a read transaction, reads all it answers and ends the transaction before it returns, so
/// the answer is one snapshot and no slow consumer pins the log. SQLite is synchronous: short reads run on the caller's thread,
/// because handing them to another thread of the pool costs about what they take; loads of large mailboxes run on the pool, so
/// that the caller's thread is not kept for their length. The newest ModSeq is kept in memory, published by the writer after each
/// commit and before its caller goes on; asking for changes when there are none touches no database at all.
/// </remarks>
internal sealed class SqliteAccountStore(ReaderPool readers, AccountId id, long number, string tag) : IAccountStore
{
    /// <summary>From this many rows on a load takes more than about a millisecond.</summary>
    private const long LongLoad = 4096;

    // -1 while not known yet.
    private long _modSeq = -1;
    private long _oldestKept;

    public AccountId Id => id;

    public long Number => number;

    /// <summary>Called in the order of the commits, or with older values.</summary>
    public void Publish(ModSeq modSeq) => Raise(ref _modSeq, modSeq.Value);

    public void PublishOldestKept(ModSeq modSeq) => Raise(ref _oldestKept, modSeq.Value);

    public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var lease = readers.Rent();
        var db = lease.Connection;
        db.Begin();
        var account = MailboxRows.ReadAccount(db, number);
        var mailboxes = MailboxRows.ReadMailboxes(db, number);
        var subscriptions = MailboxRows.ReadSubscriptions(db, number);
        db.Commit();
        return ValueTask.FromResult(new AccountSnapshot(account.ModSeq, mailboxes, subscriptions, account.QuotaUsed, account.QuotaLimit)
        {
            MessageLimit = account.MessageLimit,
        });
    }

    public async ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var load = Load(mailbox, LongLoad, cancellationToken, out var tooLong);
        return tooLong ? await Task.Run(() => Load(mailbox, long.MaxValue, cancellationToken, out _), cancellationToken) : load;
    }

    public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uids.Length, StorageLimits.UidsPerRead);
        cancellationToken.ThrowIfCancellationRequested();
        using var lease = readers.Rent();
        var db = lease.Connection;
        db.Begin();
        var rows = ReadMessages(db, MailboxNumbers.Parse(mailbox), uids.Span, fields);
        db.Commit();
        return ValueTask.FromResult<IReadOnlyList<MessageRow>>(rows);
    }

    public ValueTask ScanAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uids.Length, StorageLimits.UidsPerRead);
        cancellationToken.ThrowIfCancellationRequested();
        using var lease = readers.Rent();
        var db = lease.Connection;
        db.Begin();
        if (TryQuery(db, MailboxNumbers.Parse(mailbox), fields & ~MessageFields.Content) is { } query)
        {
            MessageScan.Run(db, query, uids.Span, handler);
        }

        db.Commit();
        return ValueTask.CompletedTask;
    }

    public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (since.Value == Volatile.Read(ref _modSeq))
        {
            return ValueTask.FromResult(new ChangeSet(since, false, new ModSeq(Volatile.Read(ref _oldestKept)), [], [], false));
        }

        using var lease = readers.Rent();
        var db = lease.Connection;
        db.Begin();
        var changes = ReadChanges(db, since, scope, limit);
        db.Commit();
        return ValueTask.FromResult(changes);
    }

    public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = mailbox is { } id ? MailboxNumbers.Parse(id) : AttributeChanges.AccountItself;
        if (mailbox is not null && key == AttributeChanges.AccountItself)
        {
            return ValueTask.FromResult<IReadOnlyList<MetadataEntry>>([]);
        }

        using var lease = readers.Rent();
        return ValueTask.FromResult<IReadOnlyList<MetadataEntry>>(MailboxRows.ReadMetadata(lease.Connection, number, key));
    }

    private static void Raise(ref long target, long value)
    {
        var known = Volatile.Read(ref target);
        while (value > known && Interlocked.CompareExchange(ref target, value, known) is var seen && seen != known)
        {
            known = seen;
        }
    }

    private static async IAsyncEnumerable<ColumnSegment> Enumerate(ColumnSegment?[] segments, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await ValueTask.CompletedTask;
        for (var i = 0; i < segments.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return segments[i]!;
        }
    }

    private MailboxLoad? Load(MailboxId mailbox, long limit, CancellationToken cancellationToken, out bool tooLong)
    {
        tooLong = false;
        using var lease = readers.Rent();
        var db = lease.Connection;
        db.Begin();
        var asOf = MailboxRows.ReadAccount(db, number).ModSeq;
        var key = MailboxNumbers.Parse(mailbox);
        if (MailboxRows.ReadMailbox(db, number, key) is not { } info)
        {
            return null;
        }

        if (info.Messages > limit)
        {
            tooLong = true;
            return null;
        }

        var segments = EntryColumns.ReadAll(db, key, info.Messages, cancellationToken);
        db.Commit();
        return new MailboxLoad(asOf, info, Enumerate(segments, CancellationToken.None));
    }

    private List<MessageRow> ReadMessages(StoreConnection db, long mailbox, ReadOnlySpan<Uid> uids, MessageFields fields)
    {
        if (TryQuery(db, mailbox, fields) is not { } query)
        {
            return [];
        }

        var rows = new List<MessageRow>(uids.Length);
        foreach (var uid in uids)
        {
            if (MessageDetails.Read(db, query, uid.Value) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    // Null for a mailbox that never was, or was removed too long ago.
    private MessageQuery? TryQuery(StoreConnection db, long mailbox, MessageFields fields)
    {
        var removed = !MailboxRows.Exists(db, number, mailbox);
        return removed && !MailboxRows.IsRemoved(db, number, mailbox) ? null : new MessageQuery(mailbox, removed, fields, tag);
    }

    private ChangeSet ReadChanges(StoreConnection db, ModSeq since, MailboxId? scope, int limit)
    {
        var account = MailboxRows.ReadAccount(db, number);
        var truncated = new ChangeSet(account.ModSeq, true, account.OldestKept, [], [], false);

        // From a future ModSeq: another account of this name, before its store was restored from a backup.
        if (since < account.OldestKept || since > account.ModSeq)
        {
            return truncated;
        }

        var deltas = new List<MailboxDelta>();
        foreach (var info in MailboxRows.ReadChanged(db, number, since.Value, scope))
        {
            var key = MailboxNumbers.Parse(info.Id);
            if (EntryColumns.ReadChanged(db, key, since.Value, limit) is not { } changed
                || EntryColumns.ReadVanished(db, key, since.Value, limit - changed.Count) is not { } vanished)
            {
                return truncated;
            }

            limit -= changed.Count + vanished.Length;
            deltas.Add(new MailboxDelta(info, changed, vanished));
        }

        var removed = MailboxRows.ReadRemoved(db, number, since.Value);
        if (scope is { } single)
        {
            removed.RemoveAll(id => id != single);
        }

        return new ChangeSet(account.ModSeq, false, account.OldestKept, deltas, removed, account.StructureModSeq > since.Value);
    }
}
