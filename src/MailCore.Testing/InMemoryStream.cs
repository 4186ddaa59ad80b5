using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace MailCore.Testing;

/// <summary>
/// Octets in one direction. A write waits while more than the capacity is unread; a read returns octets of one write only, so that
/// a test decides where the other side's reads are split.
/// </summary>
/// <remarks>Threading: one writer and one reader at a time; the closing methods may be called by anyone, at any time, repeatedly.</remarks>
internal sealed class InMemoryLane
{
    private readonly Pipe _pipe;
    private readonly int _piece;
    private readonly ConcurrentQueue<int> _writes = new();
    private int _leftOfWrite;
    private volatile bool _readerGone;
    private volatile bool _writerDone;
    private volatile Exception? _broken;

    public InMemoryLane(int capacity)
    {
        _piece = Math.Max(1, capacity / 4);
        _pipe = new Pipe(new PipeOptions(pauseWriterThreshold: capacity, resumeWriterThreshold: Math.Max(1, capacity / 2), useSynchronizationContext: false));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        ThrowIfUnwritable();
        if (octets.IsEmpty)
        {
            return;
        }

        _writes.Enqueue(octets.Length);
        while (!octets.IsEmpty)
        {
            var piece = octets[..Math.Min(octets.Length, _piece)];
            octets = octets[piece.Length..];
            await _pipe.Writer.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            ThrowIfUnwritable();
        }
    }

    /// <summary>With an empty buffer waits for octets and takes none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        while (true)
        {
            ThrowIfUnreadable();
            // Asked first: what is written before the end must not be missed.
            var isLast = _writerDone;
            if (!_pipe.Reader.TryRead(out var result))
            {
                if (isLast)
                {
                    return 0;
                }

                result = await _pipe.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }

            var octets = result.Buffer;
            if (_broken is not null || _readerGone)
            {
                _pipe.Reader.AdvanceTo(octets.Start);
                continue;
            }

            if (octets.IsEmpty)
            {
                _pipe.Reader.AdvanceTo(octets.Start, octets.End);
                continue;
            }

            if (_leftOfWrite == 0)
            {
                _writes.TryDequeue(out _leftOfWrite);
            }

            var count = (int)Math.Min(Math.Min(octets.Length, into.Length), _leftOfWrite);
            octets.Slice(0, count).CopyTo(into.Span);
            _leftOfWrite -= count;
            _pipe.Reader.AdvanceTo(octets.GetPosition(count));
            return count;
        }
    }

    /// <summary>The reader gets what was written, then the end.</summary>
    public void FinishWriting()
    {
        _writerDone = true;
        _pipe.Reader.CancelPendingRead();
    }

    /// <summary>Writes fail from now on; what nobody read is lost.</summary>
    public void StopReading()
    {
        _readerGone = true;
        Wake();
    }

    /// <summary>Reads and writes fail from now on.</summary>
    public void Break(Exception reason)
    {
        _broken ??= reason;
        Wake();
    }

    private void Wake()
    {
        _pipe.Reader.CancelPendingRead();
        _pipe.Writer.CancelPendingFlush();
    }

    private void ThrowIfUnwritable()
    {
        if (_broken is { } reason)
        {
            throw new IOException("The connection was aborted.", reason);
        }

        ObjectDisposedException.ThrowIf(_writerDone, this);
        if (_readerGone)
        {
            throw new IOException("The other side has closed the connection.");
        }
    }

    private void ThrowIfUnreadable()
    {
        if (_broken is { } reason)
        {
            throw new IOException("The connection was aborted.", reason);
        }

        ObjectDisposedException.ThrowIf(_readerGone, this);
    }
}

/// <summary>One end of a connection in memory. Disposing it closes both directions.</summary>
internal sealed class InMemoryStream(InMemoryLane input, InMemoryLane output) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        output.FinishWriting();
        input.StopReading();
        base.Dispose(disposing);
    }
}
