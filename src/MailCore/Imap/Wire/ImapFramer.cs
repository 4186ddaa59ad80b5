using System.Buffers;
using MailCore.Net;

namespace MailCore.Imap.Wire;

/// <summary>What <see cref="ImapFramer.TryRead"/> found.</summary>
internal enum FrameStatus
{
    /// <summary>Fill the line framer and try again.</summary>
    Incomplete,

    /// <summary>The client waits for leave to send a literal: give it and try again.</summary>
    Continue,

    /// <summary><see cref="ImapFramer.Command"/> is whole.</summary>
    Command,

    /// <summary>
    /// <see cref="ImapFramer.Command"/> is an APPEND up to its message, which comes next. Give leave if
    /// <see cref="ImapFramer.MessageHeader"/> asks for it, take or drop the octets and call <see cref="ImapFramer.EndMessage"/>.
    /// </summary>
    Message,

    /// <summary>The command passed a limit; all that belonged to it was dropped. <see cref="ImapFramer.Refusal"/> says why.</summary>
    Refused,

    /// <summary>As refused, and what follows can't be told to be a command: close the connection.</summary>
    Lost,
}

/// <summary>
/// Gathers commands: lines, and the literals announced at their ends. Holds only what has arrived; a size that is only announced
/// reserves nothing. Does no I/O of its own, so any split of the input gives the same commands.
/// </summary>
/// <param name="lines">Filled by the session.</param>
/// <param name="endsBeforeMessage">Whether the literal behind a command, cut before its header, is an appended message.</param>
internal sealed class ImapFramer(LineFramer lines, ImapFramer.MessageTest endsBeforeMessage) : IDisposable
{
    private const int MaxStart = 64;

    private byte[]? _gathered;
    private int _length;
    private int _lineOctets;
    private uint _literalLeft;
    private long _literalOctets;
    private int _literalCount;
    private long _dropped;
    private bool _ended;
    private bool _followsMessage;
    private byte[]? _start;
    private ReadOnlyMemory<byte> _command;

    internal delegate bool MessageTest(ReadOnlySpan<byte> command);

    /// <summary>The command, with a CRLF between a literal's header and its octets. Valid until the next <see cref="TryRead"/> or fill.</summary>
    public ReadOnlySpan<byte> Command => _command.Span;

    public LiteralHeader MessageHeader { get; private set; }

    /// <summary>With <see cref="FrameStatus.Refused"/> and <see cref="FrameStatus.Lost"/>.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether a part of a command has been taken from the client.</summary>
    public bool IsInCommand => !_ended && (_followsMessage || _gathered is not null || Refusal is not null || !lines.Buffer.IsEmpty);

    /// <summary>Drops the last command and looks for the next. Call it again after each fill.</summary>
    public FrameStatus TryRead(FrameLimits limits)
    {
        if (_ended)
        {
            Reset();
        }

        while (TakeLiteral())
        {
            KeepStart(limits);
            var status = lines.TryReadLine(Math.Max(0, limits.Line - _lineOctets), out var line);
            if (status == LineStatus.Incomplete)
            {
                return FrameStatus.Incomplete;
            }

            if (status == LineStatus.Endless)
            {
                Refusal ??= "The line is too long";
                return Lose();
            }

            if (status == LineStatus.TooLong)
            {
                Refusal ??= "The line is too long";
            }

            if (TakeLine(line, limits) is { } result)
            {
                return result;
            }
        }

        return FrameStatus.Incomplete;
    }

    /// <summary>
    /// Goes on behind a message that was taken or dropped: the rest of its command, up to the next message, comes as one of its own,
    /// without a tag.
    /// </summary>
    public void EndMessage()
    {
        Reset();
        _followsMessage = true;
    }

    public void Dispose() => Reset();

    // A line over the limit is dropped as it arrives, its tag first.
    private void KeepStart(FrameLimits limits)
    {
        if (_start is null && _gathered is null && Refusal is null && lines.Buffer.Length > limits.Line)
        {
            _start = lines.Buffer.Slice(0, Math.Min(MaxStart, limits.Line)).ToArray();
        }
    }

    private FrameStatus? TakeLine(in ReadOnlySequence<byte> line, FrameLimits limits)
    {
        Span<byte> tail = stackalloc byte[32];
        var end = line.Slice(Math.Max(0, line.Length - tail.Length));
        end.CopyTo(tail);
        var isLiteral = LiteralHeader.TryParse(tail[..(int)end.Length], out var header, out var isMalformed);
        if (isMalformed)
        {
            if (Refusal is null)
            {
                Append(line);
            }

            Refusal ??= "The literal's size can't be understood";
            return Lose();
        }

        if (Refusal is not null)
        {
            _dropped += line.Length;
        }
        else
        {
            _lineOctets += (int)line.Length;
            if (!isLiteral)
            {
                return Complete(line);
            }

            Append(line);
            if (limits.StreamsMessages && (_followsMessage || endsBeforeMessage(_gathered.AsSpan(0, _length - header.Start))))
            {
                MessageHeader = header;
                _command = _gathered.AsMemory(0, _length - header.Start);
                _ended = true;
                return FrameStatus.Message;
            }

            Refusal = Check(header, limits);
        }

        if (Refusal is null)
        {
            Append("\r\n"u8);
            _literalLeft = header.Size;
            return header.Synchronizing ? FrameStatus.Continue : null;
        }

        return Skip(isLiteral && !header.Synchronizing ? header.Size : null, limits);
    }

    private string? Check(LiteralHeader header, FrameLimits limits)
    {
        _literalOctets += header.Size;
        _literalCount++;
        return !header.Synchronizing && header.Size > limits.NonSynchronizing ? "A literal of this size must wait for leave"
            : header.Size > limits.Literal ? "The literal is too large"
            : _literalOctets > limits.Literals ? "The literals are too large together"
            : _literalCount > limits.LiteralCount ? "Too many literals"
            : null;
    }

    // The client sends a non-synchronising literal whatever we say; of any other it learns that it is not wanted.
    private FrameStatus? Skip(uint? literal, FrameLimits limits)
    {
        if (literal is not { } size)
        {
            return End(FrameStatus.Refused);
        }

        _dropped += size;
        if (_dropped > limits.Drain)
        {
            return Lose();
        }

        _literalLeft = size;
        return null;
    }

    // False while octets of a literal are still to come.
    private bool TakeLiteral()
    {
        if (_literalLeft == 0)
        {
            return true;
        }

        var octets = lines.Buffer.Slice(0, Math.Min(_literalLeft, lines.Buffer.Length));
        if (Refusal is null)
        {
            Append(octets);
        }

        _literalLeft -= (uint)octets.Length;
        lines.Consume(octets.End);
        return _literalLeft == 0;
    }

    private FrameStatus Complete(in ReadOnlySequence<byte> line)
    {
        _ended = true;
        if (_gathered is null && line.IsSingleSegment)
        {
            // The usual command is parsed where it lies.
            _command = line.First;
            return FrameStatus.Command;
        }

        Append(line);
        _command = _gathered.AsMemory(0, _length);
        return FrameStatus.Command;
    }

    private FrameStatus Lose() => End(FrameStatus.Lost);

    private FrameStatus End(FrameStatus status)
    {
        // For its tag.
        _ended = true;
        _command = _gathered is null ? _start : _gathered.AsMemory(0, _length);
        return status;
    }

    private void Append(in ReadOnlySequence<byte> octets)
    {
        foreach (var segment in octets)
        {
            Append(segment.Span);
        }
    }

    private void Append(ReadOnlySpan<byte> octets)
    {
        if (_gathered is null || _gathered.Length - _length < octets.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(512, (_length + octets.Length) * 2));
            _gathered.AsSpan(0, _length).CopyTo(larger);
            Return();
            _gathered = larger;
        }

        octets.CopyTo(_gathered.AsSpan(_length));
        _length += octets.Length;
    }

    private void Return()
    {
        if (_gathered is not null)
        {
            // It may hold a password.
            _gathered.AsSpan(0, _length).Clear();
            ArrayPool<byte>.Shared.Return(_gathered);
            _gathered = null;
        }
    }

    private void Reset()
    {
        Return();
        _ended = false;
        _followsMessage = false;
        _start = null;
        _command = default;
        MessageHeader = default;
        Refusal = null;
        _length = 0;
        _lineOctets = 0;
        _literalLeft = 0;
        _literalOctets = 0;
        _literalCount = 0;
        _dropped = 0;
    }
}
