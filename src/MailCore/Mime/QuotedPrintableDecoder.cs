using System.Buffers;

namespace MailCore.Mime;

/// <summary>
/// Quoted-printable (RFC 2045 6.7). White space at the end of a line is dropped, line ends stay as they are; what is no valid
/// escape stands for itself.
/// </summary>
internal sealed class QuotedPrintableDecoder : ContentDecoder
{
    // White space of a longer run is passed on though a line end may follow.
    private const int MaxHeld = 256;

    private static readonly SearchValues<byte> Specials = SearchValues.Create("= \t"u8);

    private readonly byte[] _held = new byte[MaxHeld + 2];
    private int _heldLength;
    private State _state;

    private enum State
    {
        Text,
        Blanks,
        BlanksCr,
        Escape,
        EscapeDigit,
        EscapeBlanks,
        EscapeCr,
    }

    public override void Decode(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        while (!source.IsEmpty)
        {
            if (_state == State.Text)
            {
                var length = source.IndexOfAny(Specials);
                var text = length < 0 ? source : source[..length];
                destination.Write(text);
                source = source[text.Length..];
                if (source.IsEmpty)
                    return;

                _state = source[0] == '=' ? State.Escape : State.Blanks;
                Hold(source[0], destination);
                source = source[1..];
            }
            else if (Step(source[0], destination))
            {
                source = source[1..];
            }
        }
    }

    public override void Flush(IBufferWriter<byte> destination)
    {
        if (_state == State.EscapeDigit)
            destination.Write(_held.AsSpan(0, _heldLength));

        Forget();
    }

    /// <summary>Takes an octet behind held ones; false when the held ones stand for themselves and it must be looked at again.</summary>
    private bool Step(byte octet, IBufferWriter<byte> destination)
    {
        var blank = octet is (byte)' ' or (byte)'\t';
        switch (_state)
        {
            case State.Blanks or State.EscapeBlanks when blank:
            case State.Escape when blank:
                _state = _state == State.Blanks ? State.Blanks : State.EscapeBlanks;
                Hold(octet, destination);
                return true;
            case State.Blanks or State.Escape or State.EscapeBlanks when octet == '\r':
                _state = _state == State.Blanks ? State.BlanksCr : State.EscapeCr;
                Hold(octet, destination);
                return true;
            case State.Blanks or State.BlanksCr when octet == '\n':
                var lineEnd = _state == State.Blanks ? "\n"u8 : "\r\n"u8;
                Forget();
                destination.Write(lineEnd);
                return true;
            case State.Escape or State.EscapeBlanks or State.EscapeCr when octet == '\n':
                Forget();
                return true;
            case State.Escape when EncodedWords.Hex(octet) >= 0:
                _state = State.EscapeDigit;
                Hold(octet, destination);
                return true;
            case State.EscapeDigit when EncodedWords.TryHex([_held[1], octet], out var value):
                Forget();
                destination.Write([value]);
                return true;
            default:
                destination.Write(_held.AsSpan(0, _heldLength));
                Forget();
                return false;
        }
    }

    private void Hold(byte octet, IBufferWriter<byte> destination)
    {
        if (_heldLength == MaxHeld)
        {
            destination.Write(_held.AsSpan(0, _heldLength));
            _heldLength = 0;
        }

        _held[_heldLength++] = octet;
    }

    private void Forget()
    {
        _heldLength = 0;
        _state = State.Text;
    }
}
