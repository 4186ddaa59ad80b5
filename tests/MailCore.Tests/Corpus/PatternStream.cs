namespace MailCore.Tests.Corpus;

/// <summary>A read-only stream of a head, a block repeated any number of times and a tail: large messages that are never held.</summary>
internal sealed class PatternStream(byte[] head, byte[] block, long repeats, byte[] tail) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => head.Length + block.Length * repeats + tail.Length;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (!buffer.IsEmpty && _position < Length)
        {
            var inBlocks = _position - head.Length;
            var source = inBlocks < 0 ? head.AsSpan((int)_position)
                : inBlocks < block.Length * repeats ? block.AsSpan((int)(inBlocks % block.Length))
                : tail.AsSpan((int)(inBlocks - block.Length * repeats));
            var count = Math.Min(source.Length, buffer.Length);
            source[..count].CopyTo(buffer);
            buffer = buffer[count..];
            _position += count;
            total += count;
        }

        return total;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
