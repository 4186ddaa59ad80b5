using System.Text;

namespace MailCore.Messaging;

/// <summary>
/// A reply of an SMTP or LMTP server (RFC 5321 4.2), encoded once. Refusals are values: handlers return one, they don't throw.
/// </summary>
public sealed class SmtpReply
{
    private readonly byte[] _encoded;

    /// <summary>
    /// Makes a reply. <paramref name="text"/> may hold several lines separated by '\n'; CR, NUL and other controls become '?', so
    /// that no text from outside can end a line. A class of <paramref name="status"/> that differs from the code's first digit is refused.
    /// </summary>
    public SmtpReply(int code, EnhancedStatusCode? status, string text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);
        if (status is { } given && given.Class != code / 100)
        {
            throw new ArgumentException($"Status {given} does not fit code {code}.", nameof(status));
        }

        Code = code;
        Status = status;
        Text = Sanitize(text);
        _encoded = Encode(code, status, Text);
    }

    /// <summary>Makes a reply from "4.2.1" and text.</summary>
    public SmtpReply(int code, string status, string text)
        : this(code, EnhancedStatusCode.TryParse(status, out var parsed) ? parsed : throw new ArgumentException($"'{status}' is not an enhanced status code.", nameof(status)), text)
    {
    }

    /// <summary>250 2.0.0</summary>
    public static SmtpReply Ok { get; } = new(250, "2.0.0", "OK");

    /// <summary>Three digits, 200 to 599.</summary>
    public int Code { get; }

    /// <summary>Null in greetings, EHLO and other replies that carry none (RFC 2034 4).</summary>
    public EnhancedStatusCode? Status { get; }

    /// <summary>Lines separated by '\n', without code and status.</summary>
    public string Text { get; }

    /// <summary>2xx or 3xx.</summary>
    public bool IsPositive => Code < 400;

    /// <summary>4xx: the client shall try again.</summary>
    public bool IsTransient => Code is >= 400 and < 500;

    /// <summary>The reply as it goes over the wire, the final CRLF included.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    /// <inheritdoc/>
    public override string ToString() => Status is { } status ? $"{Code} {status} {Text}" : $"{Code} {Text}";

    private static string Sanitize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = from[i] == '\n' || !char.IsControl(from[i]) ? from[i] : '?';
            }
        });
    }

    private static byte[] Encode(int code, EnhancedStatusCode? status, string text)
    {
        var wire = new StringBuilder();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            wire.Append(code).Append(i == lines.Length - 1 ? ' ' : '-');
            if (status is { } given)
            {
                wire.Append(given.ToString()).Append(' ');
            }

            wire.Append(lines[i]).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(wire.ToString());
    }
}
