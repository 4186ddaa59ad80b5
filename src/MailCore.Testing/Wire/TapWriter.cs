using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Testing.Wire;

/// <summary>Holds what the server writes until it is flushed, and lets the session decide what becomes of it.</summary>
internal sealed class TapWriter(PipeWriter inner, PipeTap tap, SessionTap session) : PipeWriter
{
    private readonly ArrayBufferWriter<byte> _written = new();

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => tap.IsOpaque && inner.CanGetUnflushedBytes ? inner.UnflushedBytes : _written.WrittenCount;

    public override Memory<byte> GetMemory(int sizeHint = 0) => tap.IsOpaque ? inner.GetMemory(sizeHint) : _written.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => tap.IsOpaque ? inner.GetSpan(sizeHint) : _written.GetSpan(sizeHint);

    public override void Advance(int bytes)
    {
        if (tap.IsOpaque)
        {
            inner.Advance(bytes);
        }
        else
        {
            _written.Advance(bytes);
        }
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_written.WrittenCount == 0)
        {
            return await inner.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        var octets = _written.WrittenMemory;
        try
        {
            await session.SendAsync(octets, tap).ConfigureAwait(false);
        }
        finally
        {
            _written.ResetWrittenCount();
        }

        return default;
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
