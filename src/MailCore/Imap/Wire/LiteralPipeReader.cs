using System.Buffers;
using System.IO.Pipelines;
using MailCore.Net;

namespace MailCore.Imap.Wire;

/// <summary>
/// The octets of one literal as a pipe that ends behind them. What is not consumed stays in the framer, from which
/// <see cref="Left"/> octets are to be dropped before the dialog goes on.
/// </summary>
/// <param name="lines">Where they come from.</param>
/// <param name="size">How many there are.</param>
/// <param name="fill">Waits for more; false when there will be none.</param>
internal sealed class LiteralPipeReader(LineFramer lines, long size, Func<ValueTask<bool>> fill) : PipeReader
{
    private ReadOnlySequence<byte> _shown;
    private long _examined;

    /// <summary>Octets not consumed.</summary>
    public long Left { get; private set; } = size;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadResult result;
        while (!TryRead(out result))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!await fill())
            {
                throw new IOException("The client left within a literal.");
            }
        }

        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        _shown = lines.Buffer.Slice(0, Math.Min(Left, lines.Buffer.Length));
        var isWhole = _shown.Length == Left;
        result = new ReadResult(_shown, isCanceled: false, isCompleted: isWhole);
        return isWhole || _shown.Length > _examined;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _shown.Slice(0, consumed).Length;
        _examined = _shown.Slice(consumed, examined).Length;
        Left -= taken;
        _shown = default;
        lines.Consume(consumed);
    }

    public override void CancelPendingRead() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null)
    {
    }
}
