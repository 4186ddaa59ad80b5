using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Load.Mixed;

/// <summary>A message of the load. Its number is in its header, and its body is known by a digest.</summary>
internal sealed record Letter(int Number, byte[] Octets, byte[] Digest)
{
    private const string NumberField = "X-Load-Number: ";
    private const int LineOctets = 57;

    // Share of messages, and octets from and to: most mail is small, most octets are in large mail.
    private static readonly (double Share, int Least, int Most)[] Sizes = [(0.70, 1_000, 10_000), (0.20, 10_000, 100_000), (0.08, 100_000, 1_000_000), (0.02, 1_000_000, 5_000_000)];

    public static Letter Write(int number, string sender, string recipient, Random random)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"""
            From: <{sender}>
            To: <{recipient}>
            Subject: Load {number} {(number % 7 == 0 ? "seven" : "other")}
            Message-ID: <{number}.{random.Next()}@load.example>
            Date: {DateTime.UtcNow:ddd, dd MMM yyyy HH:mm:ss} +0000
            {NumberField}{number}
            MIME-Version: 1.0
            Content-Type: text/plain; charset=us-ascii


            """).ReplaceLineEndings("\r\n"));
        var body = WriteBody(DrawSize(random), random);
        return new Letter(number, [.. head, .. body], SHA256.HashData(body));
    }

    /// <summary>The number in a message's header, and the digest of its body; no digest where the number stands further down, as in a report about it.</summary>
    public static (int Number, byte[]? Digest)? Read(ReadOnlySpan<byte> message)
    {
        var field = message.IndexOf(Encoding.ASCII.GetBytes("\r\n" + NumberField));
        var end = message.IndexOf("\r\n\r\n"u8);
        return field >= 0 && Utf8Parser.TryParse(message[(field + 2 + NumberField.Length)..], out int number, out _)
            ? (number, field < end ? SHA256.HashData(message[(end + 4)..]) : null)
            : null;
    }

    private static int DrawSize(Random random)
    {
        var drawn = random.NextDouble();
        foreach (var (share, least, most) in Sizes)
        {
            if (drawn < share)
            {
                return random.Next(least, most);
            }

            drawn -= share;
        }

        return Sizes[0].Least;
    }

    // Lines of base64, every sixteenth with dots in front.
    private static byte[] WriteBody(int size, Random random)
    {
        var body = new MemoryStream(size + 100);
        var octets = new byte[LineOctets];
        for (var line = 0; body.Length < size; line++)
        {
            random.NextBytes(octets);
            body.Write(Encoding.ASCII.GetBytes($"{(line % 16 == 0 ? "." : "")}{Convert.ToBase64String(octets)}\r\n"));
            if (line % 64 == 63)
            {
                body.Write(".\r\n"u8);
            }
        }

        return body.ToArray();
    }
}
