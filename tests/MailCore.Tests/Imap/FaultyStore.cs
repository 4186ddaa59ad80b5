using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Tests.Imap;

/// <summary>A store that fails when told to, and may hand out other octets than it holds.</summary>
internal sealed class FaultyStore(IMailStore inner) : IMailStore
{
    public StoreTraits Traits => inner.Traits;

    /// <summary>Names of members that throw.</summary>
    public HashSet<string> Broken { get; } = [];

    /// <summary>Takes the place of every content, where set.</summary>
    public Func<IContentReader>? Content { get; set; }

    /// <summary>Called whenever a content is about to be opened.</summary>
    public Action? Opened { get; set; }

    /// <summary>Waited for before each commit.</summary>
    public Func<Task>? Committing { get; set; }

    /// <summary>Readers handed out and not disposed.</summary>
    public int OpenReaders => _openReaders;

    private int _openReaders;

    public async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) =>
        await inner.OpenAsync(account, cancellationToken) is { } store ? new Account(store, this) : null;

    public ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        Check(nameof(StageAsync));
        return inner.StageAsync(bytes, hint, cancellationToken);
    }

    public async ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
    {
        Check(nameof(OpenContentAsync));
        Opened?.Invoke();
        var reader = Content?.Invoke() ?? await inner.OpenContentAsync(id, cancellationToken);
        if (reader is null)
        {
            return null;
        }

        Interlocked.Increment(ref _openReaders);
        return new Reader(reader, this);
    }

    public ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken) =>
        inner.FindSharingAsync(identifiers, cancellationToken);

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        Check(nameof(CommitAsync));
        if (Committing is not null)
        {
            await Committing();
        }

        return await inner.CommitAsync(batches, cancellationToken);
    }

    private void Check(string member)
    {
        if (Broken.Contains(member))
        {
            throw new IOException($"The disk of {member} is on fire.");
        }
    }

    private sealed class Reader(IContentReader inner, FaultyStore owner) : IContentReader
    {
        public long Length => inner.Length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            owner.Check("Read");
            return inner.ReadAsync(offset, into, cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref owner._openReaders);
            return inner.DisposeAsync();
        }
    }

    private sealed class Account(IAccountStore inner, FaultyStore owner) : IAccountStore
    {
        public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken)
        {
            owner.Check(nameof(SnapshotAsync));
            return inner.SnapshotAsync(cancellationToken);
        }

        public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken)
        {
            owner.Check(nameof(LoadAsync));
            return inner.LoadAsync(mailbox, cancellationToken);
        }

        public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken)
        {
            owner.Check(nameof(ReadAsync));
            return inner.ReadAsync(mailbox, uids, fields, cancellationToken);
        }

        public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken)
        {
            owner.Check(nameof(ChangesSinceAsync));
            return inner.ChangesSinceAsync(since, scope, limit, cancellationToken);
        }

        public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken)
        {
            owner.Check(nameof(ReadMetadataAsync));
            return inner.ReadMetadataAsync(mailbox, cancellationToken);
        }
    }
}

/// <summary>Octets that are nowhere held: a line of 'x' over and over.</summary>
internal sealed class EndlessContent(long length) : IContentReader
{
    public long Length => length;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
    {
        var count = (int)Math.Min(into.Length, Math.Max(0, length - offset));
        into.Span[..count].Fill((byte)'x');
        return ValueTask.FromResult(count);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
