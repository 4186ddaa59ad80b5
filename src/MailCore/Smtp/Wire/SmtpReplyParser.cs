using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Smtp.Wire;

/// <summary>Puts a server's reply together from its lines (RFC 5321 4.2). For one reply.</summary>
internal struct SmtpReplyParser(int maxLines)
{
    private readonly StringBuilder _text = new();
    private int _code;
    private int _lines;

    /// <summary>
    /// Takes a line without its end. False while more belong to the reply; true with the reply, or with null when this is none: no
    /// code, another code than the lines before, or too many lines.
    /// </summary>
    public bool TryComplete(in ReadOnlySequence<byte> line, out SmtpReply? reply)
    {
        reply = null;
        var octets = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (!TryParse(octets, out var code, out var isLast) || (_lines > 0 && code != _code) || ++_lines > maxLines)
        {
            return true;
        }

        _code = code;
        _text.Append(_lines > 1 ? "\n" : "").Append(Encoding.UTF8.GetString(octets[Math.Min(octets.Length, 4)..]));
        if (!isLast)
        {
            return false;
        }

        reply = Make(_code, _text.ToString());
        return true;
    }

    private static bool TryParse(ReadOnlySpan<byte> line, out int code, out bool isLast)
    {
        (code, isLast) = (0, true);
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5' || !char.IsAsciiDigit((char)line[1]) || !char.IsAsciiDigit((char)line[2]))
        {
            return false;
        }

        code = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
        isLast = line.Length == 3 || line[3] == ' ';
        return isLast || line[3] == '-';
    }

    // RFC 2034 4: every line of a reply repeats its status.
    private static SmtpReply Make(int code, string text)
    {
        if (!TryStatus(code, text, out var status, out var length))
        {
            return new SmtpReply(code, (EnhancedStatusCode?)null, text);
        }

        var prefix = text[..length];
        var lines = text.Split('\n').Select(line => line.StartsWith(prefix, StringComparison.Ordinal) ? line[length..].TrimStart(' ') : line);
        return new SmtpReply(code, status, string.Join('\n', lines));
    }

    private static bool TryStatus(int code, string text, [NotNullWhen(true)] out EnhancedStatusCode? status, out int length)
    {
        length = text.AsSpan().IndexOfAny(' ', '\n');
        length = length < 0 ? text.Length : length;
        status = EnhancedStatusCode.TryParse(text.AsSpan(0, length), out var parsed) && parsed.Class == code / 100 ? parsed : null;
        return status is not null;
    }
}
