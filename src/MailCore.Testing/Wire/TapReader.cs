using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Testing.Wire;

/// <summary>
/// Shows the server a client's commands one at a time: the next is looked at when the server has consumed all before it and asks for
/// more, which is when it has answered.
/// </summary>
internal sealed class TapReader(PipeReader inner, PipeTap tap, SessionTap session) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;

    // Octets from the buffer's start that the server may see, and whether it has examined them all.
    private long _shown;
    private bool _isExamined = true;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (session.HasEnded)
            {
                return Nothing;
            }

            var result = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (session.HasEnded)
            {
                inner.AdvanceTo(result.Buffer.Start);
                return Nothing;
            }

            _buffer = result.Buffer;
            if (tap.IsOpaque || result.IsCanceled)
            {
                _shown = _buffer.Length;
                return result;
            }

            if (_shown > 0 && !_isExamined)
            {
                return Shown(result);
            }

            var admission = await session.AdmitAsync(_buffer.Slice(_shown), tap, isAtRest: _shown == 0).ConfigureAwait(false);
            if (admission.Kind == AdmissionKind.Withheld)
            {
                inner.AdvanceTo(_buffer.GetPosition(admission.Length));
            }
            else if (admission.Kind == AdmissionKind.Ended)
            {
                inner.AdvanceTo(_buffer.Start);
            }
            else if (admission.Length == 0 && !tap.IsOpaque && !result.IsCompleted)
            {
                inner.AdvanceTo(_buffer.Start, _buffer.End);
            }
            else
            {
                // Half a line at the end of a connection is the server's to judge.
                _shown = tap.IsOpaque || (admission.Length == 0 && result.IsCompleted) ? _buffer.Length : _shown + admission.Length;
                return Shown(result);
            }
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (session.HasEnded)
        {
            result = Nothing;
            return true;
        }

        if ((!tap.IsOpaque && (_shown == 0 || _isExamined)) || !inner.TryRead(out result))
        {
            result = default;
            return false;
        }

        _buffer = result.Buffer;
        result = tap.IsOpaque ? result : Shown(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (session.HasEnded && _buffer.IsEmpty)
        {
            return;
        }

        if (!tap.IsOpaque)
        {
            _isExamined = _buffer.Slice(0, examined).Length >= _shown;
            _shown -= _buffer.Slice(0, consumed).Length;
        }

        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private static ReadResult Nothing => new(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);

    private ReadResult Shown(in ReadResult result)
    {
        _isExamined = false;
        var isAll = _shown == _buffer.Length;
        return new ReadResult(isAll ? _buffer : _buffer.Slice(0, _shown), isCanceled: false, isCompleted: isAll && result.IsCompleted);
    }
}
