using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Mime;

/// <summary>
/// Shows a summarizer each octet exactly once, as the reader of the pipe consumes it: staging and parsing are one pass. What is
/// examined but not consumed is not shown. Not thread-safe, as the pipe it wraps.
/// </summary>
public sealed class SummarizingPipeReader(PipeReader inner, MessageSummarizer summarizer) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;

    /// <summary>Octets consumed so far.</summary>
    public long BytesConsumed { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
        _buffer = result.Buffer;
        return result;
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;

        _buffer = result.Buffer;
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Before the pipe takes its memory back.
        var taken = _buffer.Slice(0, consumed);
        foreach (var segment in taken)
            summarizer.Push(segment.Span);

        BytesConsumed += taken.Length;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
}
