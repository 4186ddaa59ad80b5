using System.IO.Pipelines;

namespace MailCore.Storage;

/// <summary>
/// The octets of one message as its recipient sees them: prefix and content as one range. Reads may run concurrently. Content of
/// an expunged message stays readable until disposal.
/// </summary>
public sealed class MessageContent : IAsyncDisposable
{
    private const int ChunkSize = 32 * 1024;

    private readonly IContentReader _reader;
    private readonly object? _source;
    private Func<object, byte[]>? _make;
    private ReadOnlyMemory<byte> _prefix;

    /// <summary>Puts a prefix before stored octets, and owns their reader.</summary>
    public MessageContent(ReadOnlyMemory<byte> prefix, IContentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        (_prefix, _reader) = (prefix, reader);
    }

    /// <summary>The same with a prefix that is made when first needed.</summary>
    internal MessageContent(object source, Func<object, byte[]> prefix, IContentReader reader) => (_source, _make, _reader) = (source, prefix, reader);

    private ReadOnlyMemory<byte> Prefix
    {
        get
        {
            if (_make is { } make)
            {
                _prefix = make(_source!);
                _make = null;
            }

            return _prefix;
        }
    }

    /// <summary>Octets in all.</summary>
    public long Length => Prefix.Length + _reader.Length;

    /// <summary>Reads octets from <paramref name="offset"/> on; returns how many, 0 only at or past the end or for an empty buffer.</summary>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= Prefix.Length)
        {
            return _reader.ReadAsync(offset - Prefix.Length, into, cancellationToken);
        }

        var part = Prefix[(int)offset..];
        part = part.Length > into.Length ? part[..into.Length] : part;
        part.CopyTo(into);
        return ValueTask.FromResult(part.Length);
    }

    /// <summary>
    /// Writes a range, cut at the end of the message, in pieces with a flush after each. Returns the octets written: fewer than the
    /// range holds only when the pipe's reader is gone.
    /// </summary>
    public async ValueTask<long> CopyToAsync(PipeWriter writer, long offset, long length, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var left = Math.Min(length, Math.Max(0, Length - offset));
        var written = 0L;
        while (left > 0)
        {
            // Bounded, so that many stalled clients hold little each.
            var size = (int)Math.Min(left, ChunkSize);
            var count = await ReadAsync(offset, writer.GetMemory(size)[..size], cancellationToken);
            if (count == 0)
            {
                throw new EndOfStreamException("The store holds fewer octets than it announced.");
            }

            writer.Advance(count);
            offset += count;
            left -= count;
            written += count;
            if ((await writer.FlushAsync(cancellationToken)).IsCompleted)
            {
                break;
            }
        }

        return written;
    }

    /// <summary>A seekable stream over all octets, not thread-safe; disposing it disposes this.</summary>
    public Stream AsStream() => new MessageContentStream(this);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _reader.DisposeAsync();
}
