using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace MailCore.Net;

/// <summary>What ended a wait for input.</summary>
public enum FillResult
{
    /// <summary>There are more octets than before.</summary>
    Data,

    /// <summary>The client has closed its side; what is buffered is all there will be.</summary>
    Completed,

    /// <summary>Nothing came in the time given. The wait may be taken up again.</summary>
    TimedOut,

    /// <summary>Someone called <see cref="LineFramer.Interrupt"/>. The wait may be taken up again.</summary>
    Interrupted,
}

/// <summary>What <see cref="LineFramer.TryReadLine"/> found.</summary>
public enum LineStatus
{
    /// <summary>No whole line yet: fill and try again.</summary>
    Incomplete,

    /// <summary>A line that ended in CRLF.</summary>
    Line,

    /// <summary>A line that ended in LF alone.</summary>
    BareLineFeed,

    /// <summary>A line over the limit was dropped up to and with its end, but for its last octets; the next line is in step.</summary>
    TooLong,

    /// <summary>More than <see cref="LineFramer.DrainLimit"/> octets were dropped and the line still has no end.</summary>
    Endless,
}

/// <summary>
/// Cuts a connection's input into lines and hands its octets to those who read bodies and literals.
/// </summary>
/// <remarks>
/// Threading: one session reads; <see cref="Interrupt"/> may be called by anyone. A wait that is interrupted or times out
/// leaves its read of the pipe pending, and the next wait takes it up: no read is ever cancelled, because a TLS stream
/// does not survive that. While a read is pending nobody else may touch the pipe.
/// </remarks>
public sealed class LineFramer : IValueTaskSource<FillResult>, IDisposable
{
    private const int TailLength = 32;

    // What a timer takes; more is as good as for ever.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(40);

    private readonly ITimer _timer;
    private readonly Action _onRead;
    private PipeReader _input;
    private ManualResetValueTaskSourceCore<FillResult> _wait;
    private ValueTaskAwaiter<ReadResult> _read;
    private int _readPending;
    private int _readDone;
    private int _interrupted;

    // The number of the wait at hand, 0 when there is none: a signal meant for one wait never ends the next.
    private int _waiting;
    private int _waits;

    private readonly TimeProvider _time;
    private readonly Lock _timing = new();
    private long _deadline = long.MaxValue;
    private long _armedFor = long.MaxValue;

    private ReadOnlySequence<byte> _buffer;
    private bool _holdsBuffer;
    private long _held;
    private bool _completed;
    private long _scanned;
    private bool _overlong;
    private long _dropped;

    /// <summary>Frames what <paramref name="input"/> reads; timeouts run on <paramref name="time"/>.</summary>
    public LineFramer(PipeReader input, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(time);
        _input = input;
        _time = time;
        _onRead = OnReadCompleted;
        _timer = time.CreateTimer(static state => ((LineFramer)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Octets of one line that are dropped before the line counts as endless; 1 MiB by default.</summary>
    public long DrainLimit { get; init; } = 1024 * 1024;

    /// <summary>Octets received and not yet consumed; valid until the next <see cref="FillAsync"/>, and empty while a read is pending.</summary>
    public ReadOnlySequence<byte> Buffer => _buffer;

    /// <summary>Whether anything is left from earlier reads: before STARTTLS is answered this must be false.</summary>
    public bool HasBufferedData => !_buffer.IsEmpty || Volatile.Read(ref _readDone) == 1;

    /// <summary>The client has closed its side.</summary>
    public bool IsCompleted => _completed;

    /// <summary>Goes on with another pipe, as after STARTTLS. What was buffered is forgotten.</summary>
    public void Attach(PipeReader input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Release();
        _input = input;
        _completed = false;
        _overlong = false;
        _scanned = 0;
    }

    /// <summary>Gives the buffer back to the pipe, so that somebody else can read from it.</summary>
    public void Release()
    {
        if (_readPending == 1)
        {
            throw new InvalidOperationException("A read is pending.");
        }

        if (_holdsBuffer)
        {
            _holdsBuffer = false;
            _input.AdvanceTo(_buffer.Start);
        }

        _buffer = default;
        _held = 0;
    }

    /// <summary>
    /// Takes the next line off the buffer, without its end. <paramref name="limit"/> counts octets before the line's end.
    /// A line over the limit is dropped as it arrives, so that memory stays flat and the dialog in step; of it <paramref name="line"/>
    /// is the end, where IMAP announces a literal: its last 32 octets, or all if it has fewer.
    /// </summary>
    public LineStatus TryReadLine(int limit, out ReadOnlySequence<byte> line)
    {
        line = default;
        if (_readPending == 1)
        {
            return LineStatus.Incomplete;
        }

        var rest = _scanned == 0 ? _buffer : _buffer.Slice(_scanned);
        if (rest.PositionOf((byte)'\n') is not { } feed)
        {
            _scanned = _buffer.Length;
            // One more than the limit may be the CR of the line's end.
            return _overlong || _scanned > limit + 1L ? Drop() : LineStatus.Incomplete;
        }

        _scanned = 0;
        var text = _buffer.Slice(0, feed);
        var ended = _buffer.GetPosition(1, feed);
        var crlf = EndsInCr(text);
        line = crlf ? text.Slice(0, text.Length - 1) : text;
        Consume(ended);
        if (_overlong || line.Length > limit)
        {
            _overlong = false;
            line = line.Slice(Math.Max(0, line.Length - TailLength));
            return LineStatus.TooLong;
        }

        return crlf ? LineStatus.Line : LineStatus.BareLineFeed;
    }

    /// <summary>Drops the buffer's octets before <paramref name="position"/>. The octets stay readable until the next <see cref="FillAsync"/>.</summary>
    public void Consume(SequencePosition position)
    {
        _buffer = _buffer.Slice(position);
        _scanned = 0;
    }

    /// <summary>Waits for more octets than <see cref="Buffer"/> holds, at most <paramref name="timeout"/>.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public ValueTask<FillResult> FillAsync(TimeSpan timeout)
    {
        if (_completed)
        {
            return new ValueTask<FillResult>(FillResult.Completed);
        }

        if (_readPending == 0)
        {
            if (_holdsBuffer)
            {
                _holdsBuffer = false;
                _held = _buffer.Length;
                _input.AdvanceTo(_buffer.Start, _buffer.End);
                _buffer = default;
            }

            _read = _input.ReadAsync().GetAwaiter();
            if (_read.IsCompleted)
            {
                return new ValueTask<FillResult>(TakeRead());
            }

            _readPending = 1;
            StartWaiting(timeout);
            _read.UnsafeOnCompleted(_onRead);
        }
        else
        {
            StartWaiting(timeout);
            if (Volatile.Read(ref _readDone) == 1)
            {
                TrySignal(FillResult.Data, Volatile.Read(ref _waiting));
            }
        }

        DeliverInterrupt();
        return new ValueTask<FillResult>(this, _wait.Version);
    }

    /// <summary>
    /// Ends the wait at hand, or else the next one that has to wait, with <see cref="FillResult.Interrupted"/>. Never blocks: the
    /// session goes on elsewhere.
    /// </summary>
    public void Interrupt()
    {
        Volatile.Write(ref _interrupted, 1);
        ThreadPool.UnsafeQueueUserWorkItem(
            static framer => framer.DeliverInterrupt(),
            this,
            preferLocal: false);
    }

    /// <summary>Stops the timer. The pipe is its owner's to complete.</summary>
    public void Dispose() => _timer.Dispose();

    FillResult IValueTaskSource<FillResult>.GetResult(short token)
    {
        var result = _wait.GetResult(token);
        if (Volatile.Read(ref _readDone) == 0)
        {
            // A read that finished long ago may signal late, when the next is under way.
            return result == FillResult.Data ? FillResult.Interrupted : result;
        }

        // Whatever woke us, a finished read comes first; an interrupt waits for the next time.
        if (result == FillResult.Interrupted)
        {
            Volatile.Write(ref _interrupted, 1);
        }

        _readDone = 0;
        _readPending = 0;
        return TakeRead();
    }

    ValueTaskSourceStatus IValueTaskSource<FillResult>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<FillResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    private static bool EndsInCr(in ReadOnlySequence<byte> text)
    {
        if (text.IsEmpty)
        {
            return false;
        }

        return text.IsSingleSegment ? text.FirstSpan[^1] == '\r' : text.Slice(text.Length - 1).FirstSpan[0] == '\r';
    }

    private LineStatus Drop()
    {
        // One octet more than the tail: it may turn out to be the CR of the line's end.
        var dropped = Math.Max(0, _buffer.Length - TailLength - 1);
        _dropped = (_overlong ? _dropped : 0) + dropped;
        _overlong = true;
        Consume(_buffer.GetPosition(dropped));
        _scanned = _buffer.Length;
        return _dropped <= DrainLimit ? LineStatus.Incomplete : LineStatus.Endless;
    }

    private FillResult TakeRead()
    {
        var read = _read;
        _read = default;
        var result = read.GetResult();
        _holdsBuffer = true;
        _buffer = result.Buffer;
        if (_buffer.Length > _held)
        {
            // A completed pipe that still has octets is completed once they are read.
            return FillResult.Data;
        }

        _completed = result.IsCompleted;
        return _completed ? FillResult.Completed : FillResult.Interrupted;
    }

    private void StartWaiting(TimeSpan timeout)
    {
        _wait.Reset();
        lock (_timing)
        {
            _deadline = timeout == Timeout.InfiniteTimeSpan || timeout > LongestTimeout
                ? long.MaxValue
                : _time.GetTimestamp() + (long)(timeout.TotalSeconds * _time.TimestampFrequency);
            _waits = _waits == int.MaxValue ? 1 : _waits + 1;
            Interlocked.Exchange(ref _waiting, _waits);
            // A timer armed for an earlier time is left alone and re-armed when it fires: most waits cost no timer call.
            if (_deadline < _armedFor)
            {
                _armedFor = _deadline;
                _timer.Change(timeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void OnReadCompleted()
    {
        // Fenced: who starts to wait meanwhile sees the one or is seen by the other.
        Interlocked.Exchange(ref _readDone, 1);
        TrySignal(FillResult.Data, Volatile.Read(ref _waiting));
    }

    private void DeliverInterrupt()
    {
        while (Volatile.Read(ref _waiting) is not 0 and var wait && Interlocked.Exchange(ref _interrupted, 0) == 1)
        {
            if (TrySignal(FillResult.Interrupted, wait))
            {
                return;
            }

            // That wait has ended otherwise, and the next may have begun without seeing the interrupt.
            Interlocked.Exchange(ref _interrupted, 1);
        }
    }

    private void OnTimer()
    {
        int wait;
        lock (_timing)
        {
            _armedFor = long.MaxValue;
            wait = Volatile.Read(ref _waiting);
            if (wait == 0 || _deadline == long.MaxValue)
            {
                return;
            }

            var left = _time.GetElapsedTime(_time.GetTimestamp(), _deadline);
            if (left > TimeSpan.Zero)
            {
                _armedFor = _deadline;
                _timer.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }
        }

        TrySignal(FillResult.TimedOut, wait);
    }

    private bool TrySignal(FillResult result, int wait)
    {
        if (wait == 0 || Interlocked.CompareExchange(ref _waiting, 0, wait) != wait)
        {
            return false;
        }

        _wait.SetResult(result);
        return true;
    }
}
