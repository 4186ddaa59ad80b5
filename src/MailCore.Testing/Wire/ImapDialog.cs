using System.Buffers;
using System.Globalization;

namespace MailCore.Testing.Wire;

/// <summary>RFC 9051: tags, literals of both kinds, SASL exchanges, IDLE, STARTTLS and COMPRESS.</summary>
internal sealed class ImapDialog : ClientDialog
{
    private State _state;
    private long _left;
    private bool _isSecret;
    private string _tag = "";

    private enum State
    {
        Command,
        AfterLiteralPrompt,
        Literal,
        AfterLiteral,
        AfterAuthenticate,
        AfterUpgrade,
    }

    protected override ClientPiece Read(in ReadOnlySequence<byte> unread, string answer)
    {
        var isPrompted = answer.StartsWith('+');
        switch (_state)
        {
            case State.AfterLiteralPrompt when isPrompted:
                _state = State.Literal;
                return ReadLiteral(unread);
            case State.Literal:
                return ReadLiteral(unread);
            case State.AfterLiteral:
                return ReadRest(unread);
            case State.AfterAuthenticate when isPrompted:
                return TryReadLine(unread, out _, out var secret) ? new ClientPiece(PieceKind.Secret, secret) : default;
            case State.AfterUpgrade when answer.StartsWith(_tag + " OK", StringComparison.OrdinalIgnoreCase):
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

        if (line.Equals("DONE", StringComparison.OrdinalIgnoreCase))
        {
            return new ClientPiece(PieceKind.Continuation, length);
        }

        var space = line.IndexOf(' ', StringComparison.Ordinal);
        _tag = space < 0 ? line : line[..space];
        var text = space < 0 ? "" : line[(space + 1)..];
        var verb = FirstWord(text);
        if (verb == "UID" && text.Length > 4)
        {
            verb = $"UID {FirstWord(text[4..])}";
        }

        _isSecret = verb is "LOGIN" or "AUTHENTICATE";
        if (!StartLiteral(line))
        {
            _state = verb switch
            {
                "AUTHENTICATE" => State.AfterAuthenticate,
                "STARTTLS" or "COMPRESS" => State.AfterUpgrade,
                _ => State.Command,
            };
        }

        length = verb == "STARTTLS" ? unread.Length : length;
        text = verb switch
        {
            "LOGIN" => Mask(text, 1),
            "AUTHENTICATE" => Mask(text, 2),
            _ => text,
        };
        return new ClientPiece(PieceKind.Command, length, new ClientCommand(_tag, verb, text));
    }

    private ClientPiece ReadRest(in ReadOnlySequence<byte> unread)
    {
        if (!TryReadLine(unread, out var line, out var length))
        {
            return default;
        }

        if (!StartLiteral(line))
        {
            _state = State.Command;
        }

        return new ClientPiece(_isSecret ? PieceKind.Secret : PieceKind.Continuation, length);
    }

    private ClientPiece ReadLiteral(in ReadOnlySequence<byte> unread)
    {
        var length = Math.Min(_left, unread.Length);
        _left -= length;
        if (_left == 0)
        {
            _state = State.AfterLiteral;
            if (length == 0)
            {
                return ReadRest(unread);
            }
        }

        return length == 0 ? default : new ClientPiece(_isSecret ? PieceKind.Secret : PieceKind.Content, length);
    }

    // {12}, {12+}, ~{12}
    private bool StartLiteral(string line)
    {
        var open = line.EndsWith('}') ? line.LastIndexOf('{') : -1;
        if (open < 0)
        {
            return false;
        }

        var count = line.AsSpan(open + 1, line.Length - open - 2);
        var waits = count is not [.., '+'];
        if (!long.TryParse(waits ? count : count[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out _left))
        {
            return false;
        }

        _state = waits ? State.AfterLiteralPrompt : State.Literal;
        return true;
    }
}
