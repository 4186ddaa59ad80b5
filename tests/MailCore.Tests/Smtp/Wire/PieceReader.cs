using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Tests.Smtp.Wire;

/// <summary>Octets that arrive in given pieces, each in a memory of its own; never waits.</summary>
internal sealed class PieceReader : PipeReader
{
    private readonly List<Piece> _pieces = [];
    private int _arrived;
    private long _consumed;
    private bool _wantsMore = true;
    private ReadOnlySequence<byte> _given;

    public PieceReader(IEnumerable<byte[]> pieces)
    {
        foreach (var octets in pieces.Where(static octets => octets.Length > 0))
        {
            _pieces.Add(new Piece(octets, _pieces.LastOrDefault()));
        }
    }

    /// <summary>Cuts octets before each of the places.</summary>
    public static PieceReader Cut(byte[] octets, params IEnumerable<int> places)
    {
        var ends = places.Where(place => place > 0 && place < octets.Length).Distinct().Order().Append(octets.Length).ToArray();
        return new PieceReader(ends.Select((end, i) => octets[(i == 0 ? 0 : ends[i - 1])..end]));
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        TryRead(out var result);
        return ValueTask.FromResult(result);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_wantsMore && _arrived < _pieces.Count)
        {
            _arrived++;
        }

        _given = _arrived == 0
            ? ReadOnlySequence<byte>.Empty
            : new ReadOnlySequence<byte>(_pieces[0], 0, _pieces[_arrived - 1], _pieces[_arrived - 1].Memory.Length).Slice(_consumed);
        result = new ReadResult(_given, isCanceled: false, isCompleted: _arrived == _pieces.Count);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _consumed += _given.Slice(0, consumed).Length;
        _wantsMore = _given.Slice(examined).IsEmpty;
    }

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] octets, Piece? before)
        {
            Memory = octets;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
