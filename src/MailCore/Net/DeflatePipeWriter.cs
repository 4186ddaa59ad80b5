using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;

namespace MailCore.Net;

/// <summary>
/// Compresses by raw deflate (RFC 1951). Every flush ends on an octet with all that was written before it, so the client can decode
/// each reply as soon as it has come; no flush ends the stream.
/// </summary>
/// <remarks>One writer. The compressor's tables are outside the managed heap, some 300 KB, until <see cref="Release"/>.</remarks>
internal sealed class DeflatePipeWriter(PipeWriter inner) : PipeWriter, IDisposable
{
    private const int PieceLength = 4 * 1024;

    private readonly Sink _sink = new(inner);
    private DeflateStream? _deflate;
    private byte[]? _piece;
    private int _count;
    private long _pending;
    private bool _isDisposed;

    public override bool CanGetUnflushedBytes => true;

    /// <summary>Octets before compression.</summary>
    public override long UnflushedBytes => _pending + _count;

    /// <summary>
    /// Forgets what was sent, which frees the compressor's tables: what follows is compressed afresh, and is the same stream to the
    /// client. To be called with nothing unflushed.
    /// </summary>
    public void Release()
    {
        // A disposed compressor ends its stream; ours goes on with the next.
        _sink.IsClosed = true;
        _deflate?.Dispose();
        _deflate = null;
        _sink.IsClosed = false;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece.AsMemory(_count);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece.AsSpan(_count);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_piece?.Length ?? 0) - _count), nameof(bytes));
        _count += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (UnflushedBytes == 0)
        {
            return default;
        }

        Compress();
        _deflate!.Flush();
        _pending = 0;
        ReturnPiece();
        return inner.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        Dispose();
        inner.Complete(exception);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _pending = 0;
        ReturnPiece();
        Release();
    }

    private void Reserve(int sizeHint)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_piece is not null && _piece.Length - _count < Math.Max(sizeHint, 1))
        {
            Compress();
            ReturnPiece();
        }

        _piece ??= ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, PieceLength));
    }

    private void Compress()
    {
        _deflate ??= new DeflateStream(_sink, CompressionLevel.Fastest, leaveOpen: true);
        _deflate.Write(_piece.AsSpan(0, _count));
        _pending += _count;
        _count = 0;
    }

    private void ReturnPiece()
    {
        _count = 0;
        if (_piece is not null)
        {
            ArrayPool<byte>.Shared.Return(_piece);
            _piece = null;
        }
    }

    /// <summary>Where compressed octets go: into the pipe, without a flush.</summary>
    private sealed class Sink(PipeWriter into) : Stream
    {
        public bool IsClosed { get; set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!IsClosed)
            {
                into.Write(buffer);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
