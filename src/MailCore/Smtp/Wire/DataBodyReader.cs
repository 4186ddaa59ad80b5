using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MailCore.Net;

namespace MailCore.Smtp.Wire;

/// <summary>
/// The content of a message as it follows DATA: dots unstuffed, ended by CRLF.CRLF and nothing else (RFC 5321 4.5.2). What it hands
/// out are slices of the connection's buffers wherever that is possible. One object serves one session's messages in turn.
/// </summary>
/// <remarks>
/// A message that must be refused reads as complete where that was found out; <see cref="Outcome"/> tells, and whoever staged it
/// drops it and drains the rest. Between messages the framer is the session's; during one nobody else touches it.
/// </remarks>
internal sealed class DataBodyReader(LineFramer framer, TimeProvider time) : MessageBodyReader
{
    private const int Terminator = 3;

    private readonly BodyInput _input = new(framer, time);
    private DataLimits _limits;
    private DataScanner _scanner;
    private DataFinding _finding;
    private ReceivedCounter _received;
    private HeldOctets _held;

    // Octets at the start of the framer's buffer that are content as they stand; the finding comes behind them.
    private long _clean;
    private ReadOnlySequence<byte> _given;
    private long _examined;

    /// <summary>Anything but pending ends the reading.</summary>
    public DataOutcome Outcome { get; private set; }

    /// <summary>The connection failed within the message.</summary>
    public override bool IsBroken => _input.IsBroken;

    /// <summary>Octets of content found so far, as RFC 1870 counts them.</summary>
    public long Length { get; private set; }

    /// <summary>Starts a message at the framer's position.</summary>
    public void Begin(in DataLimits limits, CancellationToken stopping)
    {
        _limits = limits;
        _input.Begin(in limits, stopping);
        _scanner = new DataScanner(limits.MaxLine);
        _received = default;
        _finding = DataFinding.None;
        (_clean, _examined, Length) = (0, 0, 0);
        _given = default;
        Outcome = DataOutcome.Pending;
    }

    /// <summary>Takes what is left of a complete message off the framer, its end included.</summary>
    public void End()
    {
        _held.Clear();
        _given = default;
        if (Outcome == DataOutcome.Complete)
        {
            Consume(_clean + Terminator);
        }
    }

    /// <summary>Drops the rest of a message up to and with its end; false when that did not come within <paramref name="limit"/> octets.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<bool> DrainAsync(long limit)
    {
        _scanner.IsLenient = true;
        var dropped = _clean;
        Consume(_clean);
        (_clean, _finding) = (0, DataFinding.None);
        while (dropped <= limit)
        {
            Scan();
            dropped += _clean;
            Consume(_clean);
            _clean = 0;
            if (_finding == DataFinding.Dot && TryLookBehindDot(out var isEnd))
            {
                Consume(isEnd ? Terminator : 1);
                if (isEnd)
                {
                    return true;
                }

                dropped++;
                SkipDot();
            }
            else if (!GoesOn(await _input.FillAsync().ConfigureAwait(false)))
            {
                return false;
            }
        }

        return false;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryTake(out var result) ? new ValueTask<ReadResult>(result) : WaitAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => TryTake(out result);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _given.Slice(0, consumed).Length;
        _examined = _given.Slice(0, examined).Length - taken;
        _given = default;
        if (_held.Count > 0)
        {
            _held.Consume((int)taken);
        }
        else if (taken > 0)
        {
            framer.Consume(consumed);
            _clean -= taken;
        }
    }

    public override void CancelPendingRead() => throw new NotSupportedException("A message's reader is not shared.");

    public override void Complete(Exception? exception = null) => _held.Clear();

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(CancellationToken cancellationToken)
    {
        ReadResult result;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            GoesOn(await _input.FillAsync().ConfigureAwait(false));
        }
        while (!TryTake(out result));

        return result;
    }

    /// <summary>False when there will be no more: the outcome says why, unless it stood already.</summary>
    private bool GoesOn(DataOutcome filled)
    {
        Outcome = filled == DataOutcome.Pending ? Outcome : filled;
        return filled == DataOutcome.Pending;
    }

    /// <summary>False when more octets are needed.</summary>
    private bool TryTake(out ReadResult result)
    {
        while (Outcome == DataOutcome.Pending)
        {
            Scan();
            if (Outcome != DataOutcome.Pending)
            {
                break;
            }

            if (_held.Count > 0)
            {
                Gather();
            }

            if (_held.Count > _examined || (_held.Count == 0 && _clean > _examined))
            {
                break;
            }

            if (_held.Count == 0 && _clean > 0 && _finding != DataFinding.None)
            {
                // The reader wants to see what follows without giving up what it saw: the two must be brought together.
                Hold(_clean);
                continue;
            }

            if (!Resolve())
            {
                if (Outcome != DataOutcome.Pending)
                {
                    break;
                }

                result = default;
                return false;
            }
        }

        if (Outcome is not (DataOutcome.Pending or DataOutcome.Complete))
        {
            _given = ReadOnlySequence<byte>.Empty;
            result = new ReadResult(_given, isCanceled: false, isCompleted: true);
            return true;
        }

        if (_held.Count == 0)
        {
            _given = framer.Buffer.Slice(0, _clean);
            // Told together with the last octets, the end costs no read of its own.
            if (Outcome == DataOutcome.Pending && _finding == DataFinding.Dot && TryLookBehindDot(out var isEnd) && isEnd)
            {
                Outcome = DataOutcome.Complete;
            }
        }
        else
        {
            _given = _held.Sequence;
        }

        result = new ReadResult(_given, isCanceled: false, isCompleted: Outcome == DataOutcome.Complete);
        return true;
    }

    /// <summary>Brings held octets and those that follow together, as many as fit.</summary>
    private void Gather()
    {
        while (Outcome == DataOutcome.Pending && (_held.Room > 0 || _examined >= _held.Count))
        {
            if (_clean > 0)
            {
                Hold(Math.Min(_clean, _held.Room > 0 ? _held.Room : HeldOctets.Capacity));
            }
            else if (!Resolve())
            {
                return;
            }

            Scan();
        }
    }

    /// <summary>Deals with the finding once nothing clean is left before it; false when that takes more octets or ends the message.</summary>
    private bool Resolve()
    {
        switch (_finding)
        {
            case DataFinding.Dot when TryLookBehindDot(out var isEnd):
                if (isEnd)
                {
                    Outcome = DataOutcome.Complete;
                    return false;
                }

                Consume(1);
                SkipDot();
                return true;
            case DataFinding.BareLineFeed:
                _held.Add("\r"u8);
                Count(2);
                _clean = 1;
                _scanner.SkipLineFeed();
                _finding = DataFinding.None;
                return true;
            default:
                return false;
        }
    }

    private void Hold(long count)
    {
        _held.Add(framer.Buffer.Slice(0, count));
        Consume(count);
        _clean -= count;
    }

    private void Consume(long count) => framer.Consume(framer.Buffer.GetPosition(count));

    private void SkipDot()
    {
        _scanner.SkipDot();
        _finding = DataFinding.None;
    }

    private void Scan()
    {
        if (_finding != DataFinding.None)
        {
            return;
        }

        foreach (var segment in framer.Buffer.Slice(_clean))
        {
            var clean = _scanner.Scan(segment.Span, out _finding);
            _received.Push(segment.Span[..clean]);
            _clean += clean;
            Count(clean);
            if (_finding != DataFinding.None)
            {
                break;
            }
        }

        if (_scanner.IsLenient || Outcome != DataOutcome.Pending)
        {
            return;
        }

        if (_received.Count > _limits.MaxReceived)
        {
            Outcome = DataOutcome.Looping;
        }
        else if (_scanner.HasLongLine)
        {
            Outcome = DataOutcome.LongLine;
        }
        else if (_finding == DataFinding.Nul)
        {
            Outcome = DataOutcome.Nul;
        }
        else if (_finding == DataFinding.BareCarriageReturn)
        {
            Outcome = DataOutcome.BareCarriageReturn;
        }
        else if (_finding == DataFinding.BareLineFeed && !_limits.RewritesLineFeeds)
        {
            Outcome = DataOutcome.BareLineFeed;
        }
    }

    private void Count(int octets)
    {
        Length += octets;
        if (Length > _limits.MaxSize && Outcome == DataOutcome.Pending)
        {
            Outcome = DataOutcome.TooLarge;
        }
    }

    /// <summary>False when it takes more octets to tell stuffing from the end.</summary>
    private bool TryLookBehindDot(out bool isEnd)
    {
        Span<byte> next = stackalloc byte[Terminator];
        var rest = framer.Buffer.Slice(_clean);
        var count = (int)Math.Min(Terminator, rest.Length);
        rest.Slice(0, count).CopyTo(next);
        isEnd = count == Terminator && next[1] == '\r' && next[2] == '\n';
        return count == Terminator || (count == 2 && next[1] != '\r');
    }
}
