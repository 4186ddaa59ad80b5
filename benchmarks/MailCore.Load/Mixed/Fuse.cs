using System.Net.Sockets;

namespace MailCore.Load.Mixed;

/// <summary>Cuts a connection when so many octets have gone over it, both ways together: usually by a reset, as a killed client's host does.</summary>
internal sealed class Fuse(long octets, bool resets)
{
    private const double ShareOfResets = 0.8;
    private const int ShortestPower = 4;
    private const int LongestPower = 19;
    private long _left = octets;
    private bool _isLitByWrite;

    /// <summary>Whether it has cut its connection.</summary>
    public bool IsBlown { get; private set; }

    /// <summary>Whether it is one that may.</summary>
    public bool CanBlow { get; } = octets < long.MaxValue;

    /// <summary>One that never blows.</summary>
    public static Fuse Endless() => new(long.MaxValue, resets: false);

    /// <summary>For a share of sessions one that may blow anywhere from the greeting to far behind the session's end.</summary>
    public static Fuse Draw(Random random, double share) => random.NextDouble() < share
        ? new Fuse((long)Math.Pow(2, ShortestPower + random.NextDouble() * (LongestPower - ShortestPower)), random.NextDouble() < ShareOfResets)
        : Endless();

    /// <summary>How many octets of those wanted may still go.</summary>
    public int Allow(int wanted) => (int)Math.Min(wanted, Interlocked.Read(ref _left));

    public void Burn(int count) => Interlocked.Add(ref _left, -count);

    /// <summary>Lets it blow behind the next write, so that the other side has all of that and its answer is not heard.</summary>
    public void LightByWrite() => _isLitByWrite = true;

    /// <summary>A write has gone out whole.</summary>
    public void NoteWrite()
    {
        if (_isLitByWrite)
        {
            Interlocked.Exchange(ref _left, 0);
        }
    }

    public IOException Blow(Socket socket)
    {
        IsBlown = true;
        if (resets)
        {
            socket.LingerState = new LingerOption(enable: true, 0);
        }

        socket.Close();
        return new IOException("Cut as planned.");
    }
}

/// <summary>A socket's octets with a fuse in the way.</summary>
internal sealed class FusedStream(Socket socket, Fuse fuse) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var allowed = fuse.Allow(buffer.Length);
        if (allowed == 0 && buffer.Length > 0)
        {
            throw fuse.Blow(socket);
        }

        var count = await socket.ReceiveAsync(buffer[..allowed], SocketFlags.None, cancellationToken);
        fuse.Burn(count);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var allowed = fuse.Allow(buffer.Length);
        for (var rest = buffer[..allowed]; rest.Length > 0;)
        {
            var count = await socket.SendAsync(rest, SocketFlags.None, cancellationToken);
            fuse.Burn(count);
            rest = rest[count..];
        }

        if (allowed < buffer.Length)
        {
            throw fuse.Blow(socket);
        }

        fuse.NoteWrite();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
        }

        base.Dispose(disposing);
    }
}
