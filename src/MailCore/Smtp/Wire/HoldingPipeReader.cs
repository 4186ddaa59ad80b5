using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace MailCore.Smtp.Wire;

/// <summary>Hands out octets that it holds, then those of another reader as they are.</summary>
internal abstract class HoldingPipeReader(PipeReader inner) : PipeReader
{
    /// <summary>Handed out before anything else.</summary>
    protected HeldOctets Held;

    private long _examined;

    protected PipeReader Inner => inner;

    /// <summary>The other reader has come to its end, and what is held is all there is.</summary>
    protected bool IsEnded { get; set; }

    /// <summary>The last result was the other reader's own.</summary>
    protected bool Passes { get; set; }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (Held.Count <= _examined && !IsEnded)
        {
            var result = await Inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (Take(in result))
            {
                return result;
            }
        }

        return new ReadResult(Held.Sequence, isCanceled: false, isCompleted: IsEnded);
    }

    public override bool TryRead(out ReadResult result)
    {
        while (Held.Count <= _examined && !IsEnded)
        {
            if (!Inner.TryRead(out result))
            {
                return false;
            }

            if (Take(in result))
            {
                return true;
            }
        }

        result = new ReadResult(Held.Sequence, isCanceled: false, isCompleted: IsEnded);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (Passes)
        {
            Inner.AdvanceTo(consumed, examined);
            return;
        }

        var given = Held.Sequence;
        var taken = given.Slice(0, consumed).Length;
        _examined = given.Slice(0, examined).Length - taken;
        Held.Consume((int)taken);
    }

    public override void CancelPendingRead() => Inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => Held.Clear();

    /// <summary>Sets <see cref="Passes"/> and returns true when the result can be handed out as it stands; otherwise takes it in, wholly or in part.</summary>
    protected abstract bool Take(in ReadResult result);
}
