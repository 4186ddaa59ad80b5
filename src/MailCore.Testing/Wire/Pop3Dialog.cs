using System.Buffers;

namespace MailCore.Testing.Wire;

/// <summary>RFC 1939, with RFC 5034's SASL exchanges and RFC 2595's STLS.</summary>
internal sealed class Pop3Dialog : ClientDialog
{
    private State _state;

    private enum State
    {
        Command,
        AfterAuth,
        AfterStls,
    }

    protected override ClientPiece Read(in ReadOnlySequence<byte> unread, string answer)
    {
        switch (_state)
        {
            case State.AfterAuth when answer.StartsWith('+') && !answer.StartsWith("+OK", StringComparison.OrdinalIgnoreCase):
                return TryReadLine(unread, out _, out var secret) ? new ClientPiece(PieceKind.Secret, secret) : default;
            case State.AfterStls when answer.StartsWith("+OK", StringComparison.OrdinalIgnoreCase):
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
            case "AUTH":
                _state = State.AfterAuth;
                line = Mask(line, 2);
                break;
            case "APOP":
                line = Mask(line, 2);
                break;
            case "PASS":
                line = Mask(line, 1);
                break;
            case "STLS":
                _state = State.AfterStls;
                length = unread.Length;
                break;
        }

        return new ClientPiece(PieceKind.Command, length, new ClientCommand("", verb, line));
    }
}
