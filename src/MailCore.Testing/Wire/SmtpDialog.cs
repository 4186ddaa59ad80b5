using System.Buffers;
using System.Globalization;

namespace MailCore.Testing.Wire;

/// <summary>RFC 5321, with the messages of DATA and BDAT, SASL exchanges and STARTTLS.</summary>
internal sealed class SmtpDialog : ClientDialog
{
    private State _state;
    private long _left;
    private bool _isLast;
    private int _matched;

    private enum State
    {
        Command,
        AfterData,
        Data,
        Chunk,
        AfterAuth,
        AfterStartTls,
    }

    protected override ClientPiece Read(in ReadOnlySequence<byte> unread, string answer)
    {
        switch (_state)
        {
            case State.AfterData when answer.StartsWith("354", StringComparison.Ordinal):
                // The line end before counts for a dot on the first line.
                (_state, _matched) = (State.Data, 2);
                return ReadData(unread);
            case State.Data:
                return ReadData(unread);
            case State.Chunk:
                return ReadChunk(unread);
            case State.AfterAuth when answer.StartsWith("334", StringComparison.Ordinal):
                return TryReadLine(unread, out _, out var secret) ? new ClientPiece(PieceKind.Secret, secret) : default;
            case State.AfterStartTls when answer.StartsWith("220", StringComparison.Ordinal):
                return new ClientPiece(PieceKind.Opaque, unread.Length);
            default:
                return ReadCommand(unread);
        }
    }

    private ClientPiece ReadCommand(in ReadOnlySequence<byte> unread)
    {
        _state = State.Command;
        if (!TryReadLine(unread, out var line, out var length))
        {
            return default;
        }

        var verb = FirstWord(line);
        switch (verb)
        {
            case "DATA":
                _state = State.AfterData;
                break;
            case "AUTH":
                _state = State.AfterAuth;
                line = Mask(line, 2);
                break;
            case "STARTTLS":
                _state = State.AfterStartTls;
                // What an attacker put behind it is for the server to see.
                length = unread.Length;
                break;
            case "BDAT" when line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var count, .. var rest]
                && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out _left):
                _isLast = rest is [var last, ..] && last.Equals("LAST", StringComparison.OrdinalIgnoreCase);
                _state = _left > 0 ? State.Chunk : State.Command;
                break;
        }

        return new ClientPiece(PieceKind.Command, length, new ClientCommand("", verb, line));
    }

    private ClientPiece ReadChunk(in ReadOnlySequence<byte> unread)
    {
        var length = Math.Min(_left, unread.Length);
        if (length == 0)
        {
            return default;
        }

        _left -= length;
        if (_left > 0)
        {
            return new ClientPiece(PieceKind.Content, length);
        }

        _state = State.Command;
        return new ClientPiece(_isLast ? PieceKind.ContentEnd : PieceKind.Content, length);
    }

    // Ends with CRLF.CRLF and nothing else.
    private ClientPiece ReadData(in ReadOnlySequence<byte> unread)
    {
        var end = "\r\n.\r\n"u8;
        var length = 0L;
        foreach (var segment in unread)
        {
            foreach (var octet in segment.Span)
            {
                length++;
                _matched = octet == end[_matched] ? _matched + 1 : octet == '\r' ? 1 : 0;
                if (_matched == end.Length)
                {
                    _state = State.Command;
                    return new ClientPiece(PieceKind.ContentEnd, length);
                }
            }
        }

        return length == 0 ? default : new ClientPiece(PieceKind.Content, length);
    }
}
