using System.IO.Pipelines;

namespace MailCore.Tests.Pop3;

/// <summary>Counts the flushes that have something to flush.</summary>
internal sealed class FlushCountingPipe : IDuplexPipe
{
    private readonly Writer _output;

    public FlushCountingPipe(IDuplexPipe inner)
    {
        Input = inner.Input;
        Output = _output = new Writer(inner.Output);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public int Flushes => _output.Flushes;

    private sealed class Writer(PipeWriter inner) : PipeWriter
    {
        private int _flushes;

        public int Flushes => Volatile.Read(ref _flushes);

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (inner.UnflushedBytes > 0)
            {
                Interlocked.Increment(ref _flushes);
            }

            return inner.FlushAsync(cancellationToken);
        }
    }
}
