using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Storage;

/// <summary>
/// Staged octets in an array: for stores that make something of their own out of a message, or keep small ones. The caller bounds
/// the length; engines stop at theirs while they write to the pipe.
/// </summary>
public sealed class BufferedContent(ContentId id, ReadOnlyMemory<byte> octets) : StagedContent
{
    private bool _disposed;

    /// <summary>All of them; they are not copied.</summary>
    public ReadOnlyMemory<byte> Octets => octets;

    /// <inheritdoc/>
    public override ContentId Id => id;

    /// <inheritdoc/>
    public override long Length => octets.Length;

    /// <summary>As <see cref="IMailStore.StageAsync"/> must: reads to the end, passes the reader's exception on.</summary>
    public static async ValueTask<BufferedContent> ReadAsync(PipeReader bytes, ContentId id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            var result = await bytes.ReadAsync(cancellationToken);
            foreach (var memory in result.Buffer)
            {
                all.Write(memory.Span);
            }

            bytes.AdvanceTo(result.Buffer.End);
            if (result.IsCanceled)
            {
                throw new OperationCanceledException("The reader was cancelled.");
            }

            if (result.IsCompleted)
            {
                return new BufferedContent(id, all.WrittenMemory);
            }
        }
    }

    /// <summary>Octets in memory as a content to be read.</summary>
    public static IContentReader Reader(ReadOnlyMemory<byte> octets) => new MemoryReader(octets);

    /// <inheritdoc/>
    public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return ValueTask.FromResult(Reader(octets));
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private sealed class MemoryReader(ReadOnlyMemory<byte> octets) : IContentReader
    {
        public long Length => octets.Length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            cancellationToken.ThrowIfCancellationRequested();
            var from = octets[(int)Math.Min(offset, octets.Length)..];
            var count = Math.Min(from.Length, into.Length);
            from[..count].CopyTo(into);
            return ValueTask.FromResult(count);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
