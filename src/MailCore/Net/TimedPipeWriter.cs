using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace MailCore.Net;

/// <summary>A writer whose flush gives up on a client that does not read: after the time-out the connection is aborted and the flush fails.</summary>
internal sealed class TimedPipeWriter : PipeWriter, IDisposable
{
    private readonly PipeWriter _inner;
    private readonly MailConnection _connection;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    public TimedPipeWriter(PipeWriter inner, MailConnection connection, TimeSpan timeout, TimeProvider time)
    {
        (_inner, _connection, _timeout) = (inner, connection, timeout);
        _timer = time.CreateTimer(
            static state => ((MailConnection)state!).Abort(new TimeoutException("The client did not read in time.")),
            connection,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    public override bool CanGetUnflushedBytes => _inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => _inner.UnflushedBytes;

    public override void Advance(int bytes) => _inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _inner.GetSpan(sizeHint);

    public override void CancelPendingFlush() => _inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = _inner.FlushAsync(cancellationToken);
        return flush.IsCompleted ? flush : WaitAsync(flush);
    }

    public void Dispose() => _timer.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flush)
    {
        _timer.Change(_timeout, Timeout.InfiniteTimeSpan);
        try
        {
            var result = await flush.ConfigureAwait(false);
            return result.IsCompleted && _connection.Closed.IsCancellationRequested
                ? throw new IOException("The connection was aborted.")
                : result;
        }
        finally
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
