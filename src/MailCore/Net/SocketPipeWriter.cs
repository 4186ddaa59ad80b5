using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace MailCore.Net;

/// <summary>
/// Writes to a non-blocking socket. Buffers are rented with the first octet and given back by the flush that sends them, so that
/// idle connections hold none.
/// </summary>
/// <remarks>One writer. A broken socket is an <see cref="IOException"/>; nothing can be sent after it, nor after a cancelled flush.</remarks>
internal sealed class SocketPipeWriter : PipeWriter, IDisposable
{
    private const int FirstLength = 4 * 1024;
    private const int NextLength = 16 * 1024;

    // From here on sending apart is cheaper than copying.
    private const int LeastDirect = 4 * 1024;

    private readonly Socket _socket;
    private readonly ArrayPool<byte> _pool;
    private readonly Queue<(byte[] Octets, int Count)> _full = new(0);
    private readonly CancellationTokenSource _cancellation = new();
    private byte[]? _last;
    private int _count;
    private long _queued;
    private bool _isCompleted;

    /// <param name="socket">Connected and not blocking. It stays the caller's.</param>
    /// <param name="pool">Where buffers are rented; the shared pool unless told otherwise.</param>
    public SocketPipeWriter(Socket socket, ArrayPool<byte>? pool = null) => (_socket, _pool) = (socket, pool ?? ArrayPool<byte>.Shared);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _queued + _count;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _last.AsMemory(_count);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _last.AsSpan(_count);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_last?.Length ?? 0) - _count), nameof(bytes));
        _count += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }

        if (_cancellation.IsCancellationRequested)
        {
            return ValueTask.FromException<FlushResult>(new IOException("A flush was cancelled; what the client has got is not known."));
        }

        if (UnflushedBytes == 0)
        {
            return default;
        }

        try
        {
            var sent = _full.Count == 0 ? Send(_last.AsSpan(0, _count)) : 0;
            if (sent == _count && _full.Count == 0)
            {
                ReleaseLast();
                return default;
            }

            return FlushRestAsync(sent, cancellationToken);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException<FlushResult>(Broken(error));
        }
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (source.Length >= LeastDirect)
        {
            return WriteDirectlyAsync(source, cancellationToken);
        }

        Reserve(source.Length);
        source.Span.CopyTo(_last.AsSpan(_count));
        _count += source.Length;
        return FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => _cancellation.Cancel();

    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;
        while (_full.TryDequeue(out var full))
        {
            _pool.Return(full.Octets);
        }

        _queued = 0;
        if (_last is not null)
        {
            ReleaseLast();
        }
    }

    /// <summary>Completes; nobody waits any more.</summary>
    public void Dispose()
    {
        Complete();
        _cancellation.Dispose();
    }

    private void Reserve(int sizeHint)
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Writing is over.");
        }

        if (_last is null)
        {
            _last = _pool.Rent(Math.Max(sizeHint, FirstLength));
        }
        else if (_last.Length - _count < Math.Max(sizeHint, 1))
        {
            _full.Enqueue((_last, _count));
            _queued += _count;
            _count = 0;
            _last = _pool.Rent(Math.Max(sizeHint, NextLength));
        }
    }

    /// <summary>Sends what the system takes without waiting.</summary>
    private int Send(ReadOnlySpan<byte> octets)
    {
        var sent = _socket.Send(octets, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => sent,
            SocketError.WouldBlock => 0,
            _ => throw new SocketException((int)error),
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushRestAsync(int sent, CancellationToken cancellationToken)
    {
        while (_full.TryPeek(out var full))
        {
            if (!await SendAsync(full.Octets.AsMemory(0, full.Count), cancellationToken).ConfigureAwait(false))
            {
                return new FlushResult(isCanceled: true, isCompleted: false);
            }

            _queued -= full.Count;
            _full.Dequeue();
            _pool.Return(full.Octets);
        }

        if (!await SendAsync(_last.AsMemory(sent, _count - sent), cancellationToken).ConfigureAwait(false))
        {
            return new FlushResult(isCanceled: true, isCompleted: false);
        }

        ReleaseLast();
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WriteDirectlyAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        var result = await FlushAsync(cancellationToken).ConfigureAwait(false);
        return !result.IsCanceled && await SendAsync(source, cancellationToken).ConfigureAwait(false)
            ? result
            : new FlushResult(isCanceled: true, isCompleted: false);
    }

    /// <summary>False when the flush was cancelled: how much went out is not known then.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static writer => ((SocketPipeWriter)writer!).CancelPendingFlush(), this);
        try
        {
            await _socket.SendAsync(octets, SocketFlags.None, _cancellation.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Broken(error);
        }
    }

    private void ReleaseLast()
    {
        _pool.Return(_last!);
        _last = null;
        _count = 0;
    }

    private static IOException Broken(Exception cause) => new($"The connection broke: {cause.Message}", cause);
}
