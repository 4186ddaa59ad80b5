namespace MailCore.Storage.InMemory;

/// <summary>
/// Octets in chunks, counted by those who need them: the stager, each row, each reader. The last one to let go returns the full
/// chunks to the pool.
/// </summary>
internal sealed class MemoryContent(InMemoryMailStore store, long serial, byte[][] chunks, long length)
{
    private byte[][]? _chunks = chunks;
    private byte[]? _summary;
    private long _claims = 1;
    private int _registered;

    public InMemoryMailStore Store { get; } = store;

    public long Serial { get; } = serial;

    public long Length { get; } = length;

    /// <summary>Copies sent to many share their summary: the bytes given, as an array that is theirs already where there is one.</summary>
    public byte[]? Share(ReadOnlySpan<byte> summary)
    {
        if (summary.IsEmpty)
        {
            return null;
        }

        if (_summary is { } known && summary.SequenceEqual(known))
        {
            return known;
        }

        return _summary = summary.ToArray();
    }

    /// <summary>False when everybody let go before.</summary>
    public bool TryClaim()
    {
        var claims = Interlocked.Read(ref _claims);
        while (claims > 0)
        {
            var seen = Interlocked.CompareExchange(ref _claims, claims + 1, claims);
            if (seen == claims)
            {
                return true;
            }

            claims = seen;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _claims) == 0)
        {
            Store.Forget(this);
            foreach (var chunk in Interlocked.Exchange(ref _chunks, null) ?? [])
            {
                MemoryStaging.Return(chunk);
            }
        }
    }

    /// <summary>True the first time.</summary>
    public bool TryRegister() => Interlocked.Exchange(ref _registered, 1) == 0;

    public int Read(long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var chunks = _chunks!;
        var read = 0;
        while (read < into.Length && offset < Length)
        {
            var chunk = chunks[offset / MemoryStaging.ChunkSize];
            var start = (int)(offset % MemoryStaging.ChunkSize);
            var count = (int)Math.Min(Math.Min(chunk.Length - start, Length - offset), into.Length - read);
            chunk.AsSpan(start, count).CopyTo(into[read..]);
            read += count;
            offset += count;
        }

        return read;
    }

    /// <summary>Takes over a claim.</summary>
    internal sealed class Reader(MemoryContent content) : IContentReader
    {
        private int _disposed;

        public long Length => content.Length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            return ValueTask.FromResult(content.Read(offset, into.Span));
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                content.Release();
            }

            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Takes over the first claim.</summary>
    internal sealed class Staged(MemoryContent content) : StagedContent
    {
        private int _disposed;

        public MemoryContent Content => content;

        public override ContentId Id => content.Store.NameOf(content);

        public override long Length => content.Length;

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0 || !content.TryClaim(), this);
            return ValueTask.FromResult<IContentReader>(new Reader(content));
        }

        public override ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                content.Release();
            }

            return ValueTask.CompletedTask;
        }
    }
}
