using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace MailCore.Net;

/// <summary>
/// Reads a non-blocking socket. A wait for a client takes place in a small buffer that belongs to the connection: it holds a
/// command in one system call, and ten thousand idle clients hold nothing else. Larger buffers are rented once octets have come,
/// and are given back when these are consumed.
/// </summary>
/// <remarks>One reader; <see cref="CancelPendingRead"/> may come from anywhere. A broken socket is an <see cref="IOException"/>.</remarks>
internal sealed class SocketPipeReader : PipeReader, IDisposable
{
    private const int SmallLength = 512;
    private const int FirstLength = 16 * 1024;
    private const int LongestLength = 64 * 1024;

    // A buffer with less room than this is not worth a system call.
    private const int LeastRoom = 2 * 1024;

    private readonly Socket _socket;
    private readonly ArrayPool<byte> _pool;
    private readonly byte[] _smallArray = new byte[SmallLength];
    private readonly OctetSegment _small = new();
    private CancellationTokenSource _cancellation = new();

    private OctetSegment? _head;
    private OctetSegment? _tail;
    private OctetSegment? _spare;
    private int _consumed;
    private int _nextLength = FirstLength;

    // The last receive filled its buffer, so there is probably more to be had at once.
    private bool _isFlowing;
    private bool _isExamined;
    private bool _isEnded;
    private bool _isCompleted;
    private volatile bool _isReceiving;
    private IOException? _broken;

    /// <param name="socket">Connected and not blocking. It stays the caller's.</param>
    /// <param name="pool">Where buffers are rented; the shared pool unless told otherwise.</param>
    public SocketPipeReader(Socket socket, ArrayPool<byte>? pool = null) => (_socket, _pool) = (socket, pool ?? ArrayPool<byte>.Shared);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        }

        if (TryRead(out var result))
        {
            return new ValueTask<ReadResult>(result);
        }

        try
        {
            return _broken is null ? ReceiveAsync(cancellationToken) : ValueTask.FromException<ReadResult>(_broken);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            ReleaseEmptyHead();
            return ValueTask.FromException<ReadResult>(Broken(error));
        }
        catch (IOException error)
        {
            return ValueTask.FromException<ReadResult>(error);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Reading is over.");
        }

        if (_cancellation.IsCancellationRequested)
        {
            Volatile.Write(ref _cancellation, new CancellationTokenSource());
            result = new ReadResult(Octets(), isCanceled: true, _isEnded);
            return true;
        }

        if (_isEnded || (_head is not null && !_isExamined))
        {
            result = Result();
            return true;
        }

        result = default;
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_head is null || consumed.GetObject() is not OctetSegment segment)
        {
            return;
        }

        _isExamined = examined.GetObject() == _tail && examined.GetInteger() == _tail!.Count;
        while (_head != segment)
        {
            ReleaseHead();
            if (_head is null)
            {
                throw new InvalidOperationException("The position is not of the octets last read.");
            }
        }

        _consumed = consumed.GetInteger();
        while (_head is not null && _consumed == _head.Count)
        {
            ReleaseHead();
        }
    }

    public override void CancelPendingRead() => Volatile.Read(ref _cancellation).Cancel();

    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;
        // A receive that is still under way writes into its buffer, which then is left to the garbage collector.
        while (!_isReceiving && _head is not null)
        {
            ReleaseHead();
        }
    }

    /// <summary>Completes; nobody waits any more.</summary>
    public void Dispose()
    {
        Complete();
        _cancellation.Dispose();
    }

    private ReadOnlySequence<byte> Octets() =>
        _head is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_head, _consumed, _tail!, _tail!.Count);

    private ReadResult Result() => new(Octets(), isCanceled: false, _isEnded);

    private ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (_isFlowing)
        {
            MakeRoom();
            if (TryReceive())
            {
                return new ValueTask<ReadResult>(Result());
            }
        }

        if (_tail is null)
        {
            _small.Use(_smallArray);
            Append(_small);
        }
        else
        {
            MakeRoom();
        }

        var receive = _socket.ReceiveAsync(_tail.Room, SocketFlags.None, _cancellation.Token);
        if (!receive.IsCompletedSuccessfully)
        {
            return WaitAsync(receive, cancellationToken);
        }

        Received(receive.Result);
        return new ValueTask<ReadResult>(Result());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<int> receive, CancellationToken cancellationToken)
    {
        _isReceiving = true;
        var registration = cancellationToken.UnsafeRegister(static reader => ((SocketPipeReader)reader!).CancelPendingRead(), this);
        var isCanceled = false;
        try
        {
            Received(await receive.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            isCanceled = true;
            ReleaseEmptyHead();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            ReleaseEmptyHead();
            throw Broken(error);
        }
        finally
        {
            _isReceiving = false;
            await registration.DisposeAsync().ConfigureAwait(false);
        }

        if (isCanceled || cancellationToken.IsCancellationRequested)
        {
            Volatile.Write(ref _cancellation, new CancellationTokenSource());
        }

        if (isCanceled)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return new ReadResult(Octets(), isCanceled, _isEnded);
    }

    private void Received(int count)
    {
        if (count == 0)
        {
            _isEnded = true;
            ReleaseEmptyHead();
            return;
        }

        _isExamined = false;
        _isFlowing = count == _tail!.Room.Length;
        _tail.Grow(count);
        if (_isFlowing && _tail == _small)
        {
            // What fits no command is brought together with what follows it.
            MakeRoom();
            TryReceive();
        }
    }

    /// <summary>Takes what there is without waiting; false when there is nothing.</summary>
    private bool TryReceive()
    {
        var room = _tail!.Room;
        var count = _socket.Receive(room.Span, SocketFlags.None, out var error);
        _isFlowing = error == SocketError.Success && count == room.Length;
        _nextLength = _isFlowing ? LongestLength : FirstLength;
        if (error == SocketError.Success && count > 0)
        {
            _tail.Grow(count);
            _isExamined = false;
            return true;
        }

        ReleaseEmptyHead();
        _isEnded = error == SocketError.Success;
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            // The socket tells it only once; what came before is read first.
            _broken = Broken(new SocketException((int)error));
            if (_head is null)
            {
                throw _broken;
            }
        }

        return _isEnded;
    }

    /// <summary>Sees to it that the last buffer is a rented one with room.</summary>
    [MemberNotNull(nameof(_tail))]
    private void MakeRoom()
    {
        if (_tail is not null && _tail != _small && _tail.Room.Length >= LeastRoom)
        {
            return;
        }

        var next = _spare ?? new OctetSegment();
        _spare = null;
        next.Use(_pool.Rent(_nextLength));
        if (_tail == _small)
        {
            var rest = _small.Memory[_consumed..];
            rest.CopyTo(next.Room);
            next.Grow(rest.Length);
            _head = _tail = null;
            _consumed = 0;
        }

        Append(next);
    }

    [MemberNotNull(nameof(_tail))]
    private void Append(OctetSegment next)
    {
        if (_tail is null)
        {
            _head = next;
            _consumed = 0;
        }
        else
        {
            _tail.Append(next);
        }

        _tail = next;
    }

    private void ReleaseEmptyHead()
    {
        if (_head is { Count: 0 })
        {
            ReleaseHead();
        }
    }

    private void ReleaseHead()
    {
        var head = _head!;
        _head = head.Following;
        _tail = _head is null ? null : _tail;
        _consumed = 0;
        var octets = head.TakeArray();
        if (head != _small)
        {
            _pool.Return(octets);
            _spare = head;
        }
    }

    private static IOException Broken(Exception cause) => new($"The connection broke: {cause.Message}", cause);
}
