using System.Buffers.Text;

namespace MailCore.Load.Mailboxes;

/// <summary>
/// Finds the end of an answer in octets as they come, without keeping them: of a line only its first and last octets matter.
/// </summary>
internal sealed class AnswerScanner
{
    private const int Kept = 32;
    private readonly byte[] _head = new byte[Kept];
    private readonly byte[] _tail = new byte[Kept];
    private Answer _answer;
    private long _literal;
    private int _headLength;
    private int _tailLength;
    private bool _continues;
    private bool _inText;

    /// <summary>The answer's last line, or its first where the status stands there.</summary>
    public string Status { get; private set; } = "";

    public bool IsOk { get; private set; }

    public void Begin(Answer answer)
    {
        (_answer, _literal, _headLength, _tailLength, _continues, _inText) = (answer, 0, 0, 0, false, false);
        IsOk = false;
    }

    /// <summary>Returns true when the answer has ended with these octets; nothing follows an answer unasked.</summary>
    public bool Take(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_literal > 0)
            {
                var skipped = (int)Math.Min(_literal, octets.Length);
                _literal -= skipped;
                octets = octets[skipped..];
                continue;
            }

            var end = octets.IndexOf((byte)'\n');
            Keep(end < 0 ? octets : octets[..(end + 1)]);
            if (end < 0)
            {
                return false;
            }

            octets = octets[(end + 1)..];
            if (OnLine())
            {
                return true;
            }

            (_headLength, _tailLength) = (0, 0);
        }

        return false;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        var room = Math.Min(part.Length, Kept - _headLength);
        part[..room].CopyTo(_head.AsSpan(_headLength));
        _headLength += room;
        if (part.Length >= Kept)
        {
            part[^Kept..].CopyTo(_tail);
            _tailLength = Kept;
            return;
        }

        var over = Math.Max(0, _tailLength + part.Length - Kept);
        _tail.AsSpan(over, _tailLength - over).CopyTo(_tail);
        _tailLength -= over;
        part.CopyTo(_tail.AsSpan(_tailLength));
        _tailLength += part.Length;
    }

    private bool OnLine()
    {
        var head = _head.AsSpan(0, _headLength);
        switch (_answer)
        {
            case Answer.Tagged:
                var isFirst = !_continues;
                _continues = TryReadLiteral(out _literal);
                return isFirst && head.StartsWith("A "u8) && End(head, head.StartsWith("A OK"u8));
            case Answer.Dotted when _inText:
                return head.SequenceEqual(".\r\n"u8);
            case Answer.Dotted:
                _inText = true;
                return End(head, head.StartsWith("+OK"u8)) && !IsOk;
            default:
                return End(head, head.StartsWith("+OK"u8) || head.StartsWith("* "u8));
        }
    }

    private bool End(ReadOnlySpan<byte> head, bool isOk)
    {
        IsOk = isOk;
        Status = isOk ? "" : System.Text.Encoding.UTF8.GetString(head).TrimEnd();
        return true;
    }

    // RFC 9051 4.3: "{length}" at the line's end.
    private bool TryReadLiteral(out long length)
    {
        length = 0;
        var tail = _tail.AsSpan(0, _tailLength);
        var open = tail.LastIndexOf((byte)'{');
        if (open < 0 || !tail.EndsWith("}\r\n"u8))
        {
            return false;
        }

        var digits = tail[(open + 1)..^3];
        return Utf8Parser.TryParse(digits, out length, out var taken) && taken == digits.Length;
    }
}
