using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>The beginning of a message that belongs to somebody else, and octets behind it.</summary>
internal sealed class ReturnedContent(MessageContent message, long length, ReadOnlyMemory<byte> tail) : IContentReader
{
    public long Length => length + tail.Length;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset < length)
        {
            return message.ReadAsync(offset, into[..(int)Math.Min(into.Length, length - offset)], cancellationToken);
        }

        var rest = tail[(int)Math.Min(offset - length, tail.Length)..];
        var count = Math.Min(rest.Length, into.Length);
        rest[..count].CopyTo(into);
        return ValueTask.FromResult(count);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
