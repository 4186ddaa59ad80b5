using System.Buffers;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.AspNetCore.Inbound;

/// <summary>A part's body without its transfer encoding; one of an unknown encoding as it stands. Holds a piece of it at a time.</summary>
internal sealed class PartStream(IContentReader reader, MimePart part) : Stream
{
    private const int PieceLength = 8 * 1024;

    private readonly ContentDecoder _decoder = ContentDecoder.Create(part.TransferEncoding.Span) ?? ContentDecoder.Create(default)!;
    private readonly ArrayBufferWriter<byte> _decoded = new();
    private readonly byte[] _piece = new byte[PieceLength];
    private long _offset;
    private int _taken;
    private bool _isFlushed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_taken == _decoded.WrittenCount && !_isFlushed)
        {
            await DecodeAsync(cancellationToken).ConfigureAwait(false);
        }

        var count = Math.Min(buffer.Length, _decoded.WrittenCount - _taken);
        _decoded.WrittenSpan.Slice(_taken, count).CopyTo(buffer.Span);
        _taken += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Parts of a message are read asynchronously: ReadAsync, CopyToAsync.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async ValueTask DecodeAsync(CancellationToken cancellationToken)
    {
        _decoded.ResetWrittenCount();
        _taken = 0;
        var wanted = (int)Math.Min(PieceLength, part.BodyLength - _offset);
        var count = wanted == 0 ? 0 : await reader.ReadAsync(part.BodyOffset + _offset, _piece.AsMemory(0, wanted), cancellationToken).ConfigureAwait(false);
        if (count == 0)
        {
            _decoder.Flush(_decoded);
            _isFlushed = true;
            return;
        }

        _offset += count;
        _decoder.Decode(_piece.AsSpan(0, count), _decoded);
    }
}
