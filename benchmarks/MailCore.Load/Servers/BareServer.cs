using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace MailCore.Load.Servers;

/// <summary>
/// The least an SMTP server on pipes can do: it reads, finds the ends of lines and of the data, answers constants by a
/// command's first letter, and flushes once per read. No limits, no timeouts, no parsing, no state but "in data".
/// </summary>
internal sealed class BareServer
{
    private long _taken;

    public static async Task<int> RunAsync()
    {
        var server = new BareServer();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(512);
        _ = server.AcceptAsync(listener);
        await ServerConsole.RunAsync(
            ((IPEndPoint)listener.LocalEndPoint!).Port,
            _ => Task.FromResult(string.Create(CultureInfo.InvariantCulture, $"taken {Volatile.Read(ref server._taken)}")));
        return 0;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024));
        var output = PipeWriter.Create(stream);
        var session = new BareSession(output);
        try
        {
            output.Write("220 bare\r\n"u8);
            await output.FlushAsync();
            while (!session.IsOver && await input.ReadAsync() is { Buffer: { IsEmpty: false } octets })
            {
                input.AdvanceTo(session.Take(octets), octets.End);
                Interlocked.Add(ref _taken, session.TakeCount());
                await output.FlushAsync();
            }
        }
        catch (IOException)
        {
            // The client left.
        }
    }
}

internal sealed class BareSession(PipeWriter output)
{
    private bool _inData;
    private int _matched;
    private int _ended;

    private static ReadOnlySpan<byte> EndOfData => "\r\n.\r\n"u8;

    public bool IsOver { get; private set; }

    /// <summary>Messages that ended since the last call.</summary>
    public int TakeCount()
    {
        var count = _ended;
        _ended = 0;
        return count;
    }

    /// <summary>Takes what it can and returns where it stopped: the start of a line without an end, or the buffer's end.</summary>
    public SequencePosition Take(ReadOnlySequence<byte> octets)
    {
        var reader = new SequenceReader<byte>(octets);
        while (!reader.End)
        {
            if (_inData)
            {
                reader.Advance(SkipData(reader.UnreadSpan));
            }
            else if (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
            {
                Answer(line.IsEmpty ? (byte)0 : line.FirstSpan[0]);
            }
            else
            {
                break;
            }
        }

        return reader.Position;
    }

    private void Answer(byte letter)
    {
        switch (letter)
        {
            case (byte)'D':
                _inData = true;
                // A dot at once ends an empty message.
                _matched = 2;
                output.Write("354 go on\r\n"u8);
                break;
            case (byte)'Q':
                IsOver = true;
                output.Write("221 bye\r\n"u8);
                break;
            default:
                output.Write("250 ok\r\n"u8);
                break;
        }
    }

    // The end may be split between reads; _matched octets of it stood at the end of the octets before these.
    private int SkipData(ReadOnlySpan<byte> octets)
    {
        for (var i = 0; _matched > 0 && i < octets.Length; i++)
        {
            if (octets[i] == EndOfData[_matched])
            {
                if (++_matched == EndOfData.Length)
                {
                    return End(i + 1);
                }
            }
            else
            {
                // Only a CR can begin it anew, and it does so after any mismatch.
                _matched = octets[i] == '\r' ? 1 : 0;
            }
        }

        if (_matched > 0)
        {
            return octets.Length;
        }

        if (octets.IndexOf(EndOfData) is >= 0 and var at)
        {
            return End(at + EndOfData.Length);
        }

        for (var length = Math.Min(EndOfData.Length - 1, octets.Length); length > 0; length--)
        {
            if (octets.EndsWith(EndOfData[..length]))
            {
                _matched = length;
                break;
            }
        }

        return octets.Length;
    }

    private int End(int taken)
    {
        _inData = false;
        _matched = 0;
        _ended++;
        output.Write("250 ok\r\n"u8);
        return taken;
    }
}
