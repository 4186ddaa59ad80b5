using System.Buffers;
using System.IO.Pipelines;
using MailCore.Net;

namespace MailCore.Tests.Smtp;

/// <summary>A connection whose server runs on the thread that feeds it, so that what it allocates can be counted.</summary>
internal sealed class InlineConnection : MailConnection
{
    private readonly Pipe _in = new(Inline());
    private readonly Pipe _out = new(Inline());

    public InlineConnection()
    {
        Transport = new DuplexPipe(_in.Reader, new CountingWriter(this, _out.Writer));
        RemoteEndPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 4711);
    }

    public override string Id => "inline";

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken Closed => default;

    /// <summary>Flushes that had something to send.</summary>
    public int Flushes { get; private set; }

    /// <summary>On return the server has done all it can with the octets.</summary>
    public void Feed(ReadOnlyMemory<byte> octets)
    {
        var write = _in.Writer.WriteAsync(octets);
        if (!write.IsCompleted)
        {
            throw new InvalidOperationException("The server does not read.");
        }

        write.GetAwaiter().GetResult();
    }

    public void End() => _in.Writer.Complete();

    /// <summary>What the server said since, without an allocation.</summary>
    public long Drain()
    {
        if (!_out.Reader.TryRead(out var result))
        {
            return 0;
        }

        var length = result.Buffer.Length;
        _out.Reader.AdvanceTo(result.Buffer.End);
        return length;
    }

    public byte[] Take()
    {
        if (!_out.Reader.TryRead(out var result))
        {
            return [];
        }

        var octets = result.Buffer.ToArray();
        _out.Reader.AdvanceTo(result.Buffer.End);
        return octets;
    }

    public override void Abort(Exception? reason) => throw new InvalidOperationException("aborted", reason);

    public override ValueTask DisposeAsync() => default;

    private static PipeOptions Inline() => new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, useSynchronizationContext: false, minimumSegmentSize: 16 * 1024);

    private sealed class CountingWriter(InlineConnection owner, PipeWriter inner) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            owner.Flushes++;
            return inner.FlushAsync(cancellationToken);
        }
    }
}
