using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Tls;

namespace MailCore.Smtp.Wire;

/// <summary>What came instead of, or as, a line.</summary>
internal enum LineKind
{
    /// <summary>A line that ended in CRLF.</summary>
    Line,

    /// <summary>A line over the limit; it was dropped.</summary>
    TooLong,

    /// <summary>A line over the limit that still has no end.</summary>
    Endless,

    /// <summary>A line that ended in LF alone.</summary>
    BareLineFeed,

    /// <summary>Octets that no mail client begins a command with.</summary>
    NotMail,

    /// <summary>The client closed its side.</summary>
    Closed,

    /// <summary>No whole line came in time.</summary>
    TimedOut,

    /// <summary>One command more than a minute may have.</summary>
    TooMany,

    /// <summary>The server stops.</summary>
    Stopping,
}

/// <summary>A line without its end, valid until the next is read; empty unless it is one.</summary>
internal readonly record struct SmtpLine(LineKind Kind, ReadOnlyMemory<byte> Octets);

/// <summary>Looks at octets of replies, which may come in pieces.</summary>
internal delegate void ReplyObserver(ReadOnlySpan<byte> octets);

/// <summary>How to read a line.</summary>
/// <param name="Limit">Octets without the line's end.</param>
/// <param name="AuthLimit">The same for one that begins with AUTH (RFC 4954 4).</param>
/// <param name="Timeout">For the whole line.</param>
/// <param name="IsCommand">Whether it must begin with a letter.</param>
internal readonly record struct LineRule(int Limit, int AuthLimit, TimeSpan Timeout, bool IsCommand);

/// <summary>
/// A connection seen as lines in and replies out. Replies gather until the input is used up and then leave in one flush (RFC 2920).
/// </summary>
internal sealed class SmtpChannel : IDisposable
{
    // Input of one read can't ask for more than this in replies before some of them leave.
    private const int MaxUnflushed = 16 * 1024;

    private readonly TimeProvider _time;
    private readonly TimeSpan _writeTimeout;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenRegistration _interrupt;
    private TimedPipeWriter _output;
    private byte[]? _joined;

    public SmtpChannel(MailConnection connection, TimeSpan writeTimeout, TimeProvider time, CancellationToken stopping)
    {
        (Connection, _writeTimeout, _time, _stopping) = (connection, writeTimeout, time, stopping);
        Framer = new LineFramer(connection.Transport.Input, time);
        _output = new TimedPipeWriter(connection.Transport.Output, connection, writeTimeout, time);
        _interrupt = stopping.UnsafeRegister(static framer => ((LineFramer)framer!).Interrupt(), Framer);
    }

    public MailConnection Connection { get; }

    public LineFramer Framer { get; }

    /// <summary>Shown what is written; null for nobody.</summary>
    public ReplyObserver? Observer { get; set; }

    public void Write(SmtpReply reply) => Write(reply.Encoded.Span);

    public void Write(ReadOnlySpan<byte> reply)
    {
        Observer?.Invoke(reply);
        _output.Write(reply);
    }

    /// <summary>Writes ASCII.</summary>
    public void Write(string reply)
    {
        var room = _output.GetSpan(reply.Length);
        var length = Encoding.ASCII.GetBytes(reply, room);
        Observer?.Invoke(room[..length]);
        _output.Advance(length);
    }

    /// <exception cref="IOException">The connection broke, or the client does not read.</exception>
    public ValueTask FlushAsync() => _output.UnflushedBytes == 0 ? default : FlushOutputAsync();

    /// <summary>Reads the next line, flushing replies before it waits.</summary>
    public ValueTask<SmtpLine> ReadLineAsync(in LineRule rule)
    {
        var status = TryReadLine(in rule, out var line);
        return status != LineStatus.Incomplete && _output.UnflushedBytes < MaxUnflushed
            ? new ValueTask<SmtpLine>(ToLine(status, in line, rule.IsCommand))
            : WaitAsync(status, line, rule);
    }

    /// <summary>Goes on over TLS, after a STARTTLS whose answer has been written and flushed.</summary>
    public async Task StartTlsAsync(TlsUpgrade upgrade)
    {
        await upgrade.StartTlsAsync(Connection, Framer, _stopping).ConfigureAwait(false);
        _output.Dispose();
        _output = new TimedPipeWriter(Connection.Transport.Output, Connection, _writeTimeout, _time);
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _output.Dispose();
        Framer.Dispose();
        if (_joined is { } rented)
        {
            // It may have held a password.
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
            _joined = null;
        }
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private async ValueTask<SmtpLine> WaitAsync(LineStatus status, ReadOnlySequence<byte> line, LineRule rule)
    {
        await FlushAsync().ConfigureAwait(false);
        var start = _time.GetTimestamp();
        while (status == LineStatus.Incomplete)
        {
            if (rule.IsCommand && !Framer.Buffer.IsEmpty && !MayBeginCommand(Framer.Buffer.FirstSpan[0]))
            {
                return new SmtpLine(LineKind.NotMail, default);
            }

            // A client that sends an octet now and then does not win time by it.
            var left = rule.Timeout - _time.GetElapsedTime(start);
            var filled = left > TimeSpan.Zero ? await Framer.FillAsync(left).ConfigureAwait(false) : FillResult.TimedOut;
            if (filled == FillResult.Completed)
            {
                return new SmtpLine(LineKind.Closed, default);
            }

            if (filled == FillResult.TimedOut)
            {
                return new SmtpLine(LineKind.TimedOut, default);
            }

            if (_stopping.IsCancellationRequested)
            {
                return new SmtpLine(LineKind.Stopping, default);
            }

            status = TryReadLine(in rule, out line);
        }

        return ToLine(status, in line, rule.IsCommand);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushOutputAsync()
    {
        if ((await _output.FlushAsync().ConfigureAwait(false)).IsCompleted)
        {
            throw new IOException("The client no longer reads.");
        }
    }

    private SmtpLine ToLine(LineStatus status, in ReadOnlySequence<byte> line, bool isCommand) => status switch
    {
        LineStatus.TooLong => new SmtpLine(LineKind.TooLong, default),
        LineStatus.Endless => new SmtpLine(LineKind.Endless, default),
        _ when isCommand && !line.IsEmpty && !MayBeginCommand(line.FirstSpan[0]) => new SmtpLine(LineKind.NotMail, default),
        LineStatus.BareLineFeed => new SmtpLine(LineKind.BareLineFeed, default),
        _ => new SmtpLine(LineKind.Line, line.IsSingleSegment ? line.First : Join(in line)),
    };

    private LineStatus TryReadLine(in LineRule rule, out ReadOnlySequence<byte> line)
    {
        Span<byte> start = stackalloc byte[5];
        var limit = rule.Limit;
        var buffer = Framer.Buffer;
        if (rule.AuthLimit > limit && buffer.Length >= start.Length)
        {
            buffer.Slice(0, start.Length).CopyTo(start);
            limit = Ascii.EqualsIgnoreCase(start, "AUTH "u8) ? rule.AuthLimit : limit;
        }

        return Framer.TryReadLine(limit, out line);
    }

    // An empty line is a mistake that people make.
    private static bool MayBeginCommand(byte octet) => char.IsAsciiLetter((char)octet) || octet is (byte)'\r' or (byte)'\n';

    private ReadOnlyMemory<byte> Join(in ReadOnlySequence<byte> line)
    {
        var length = (int)line.Length;
        if (_joined is null || _joined.Length < length)
        {
            if (_joined is { } small)
            {
                ArrayPool<byte>.Shared.Return(small, clearArray: true);
            }

            _joined = ArrayPool<byte>.Shared.Rent(length);
        }

        line.CopyTo(_joined);
        return _joined.AsMemory(0, length);
    }
}
