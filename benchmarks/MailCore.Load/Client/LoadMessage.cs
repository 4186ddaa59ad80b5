using System.Buffers.Text;
using System.Text;

namespace MailCore.Load.Client;

/// <summary>A message of an exact size whose Message-ID holds a number, so that each one sent differs. Not thread-safe.</summary>
internal sealed class LoadMessage
{
    private const int Digits = 10;
    private const int LineLength = 74;
    private static readonly byte[] NumberMark = "Message-ID: <"u8.ToArray();

    private readonly byte[] _octets;
    private readonly int _numberAt;

    /// <param name="size">Octets of the message, without the dot that ends DATA.</param>
    public LoadMessage(int size)
    {
        const string Header =
            "Received: from client.example by relay.example; Mon, 5 Jan 2026 10:00:00 +0000\r\n" +
            "Message-ID: <0000000000@client.example>\r\n" +
            "Date: Mon, 5 Jan 2026 10:00:00 +0000\r\n" +
            "From: Load driver <load@client.example>\r\n" +
            "To: Somebody <u0@example.org>\r\n" +
            "Subject: One message of many\r\n" +
            "MIME-Version: 1.0\r\n" +
            "Content-Type: text/plain; charset=utf-8\r\n" +
            "\r\n";
        ArgumentOutOfRangeException.ThrowIfLessThan(size, Header.Length + LineLength);
        var text = new StringBuilder(Header, size + 3);
        var random = new Random(5321);
        while (text.Length < size)
        {
            var length = Math.Min(LineLength, size - text.Length - 2);
            // What is left over is too short for a line of its own.
            if (size - text.Length - length - 2 < 3)
            {
                length = size - text.Length - 2;
            }

            for (var i = 0; i < length; i++)
            {
                text.Append(i % 7 == 6 ? ' ' : (char)('a' + random.Next(26)));
            }

            text.Append("\r\n");
        }

        text.Append(".\r\n");
        _octets = Encoding.ASCII.GetBytes(text.ToString());
        _numberAt = _octets.AsSpan().IndexOf(NumberMark) + NumberMark.Length;
    }

    /// <summary>The octets as they stand in DATA, with the dot that ends it; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Number(long number)
    {
        var digits = _octets.AsSpan(_numberAt, Digits);
        for (var i = Digits - 1; i >= 0; i--)
        {
            digits[i] = (byte)('0' + number % 10);
            number /= 10;
        }

        return _octets;
    }

    /// <summary>Whether the octets stored are those of a numbered message, with or without trace headers before them.</summary>
    public bool IsWhole(ReadOnlySpan<byte> stored, out long number)
    {
        number = -1;
        var mark = stored.IndexOf(NumberMark);
        if (mark < 0 || !Utf8Parser.TryParse(stored[(mark + NumberMark.Length)..], out number, out var taken) || taken != Digits)
        {
            return false;
        }

        return stored.EndsWith(Number(number).Span[..^3]);
    }
}
