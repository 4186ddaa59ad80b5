using System.Globalization;
using System.Text;
using MailCore.Storage;

namespace MailCore.Load.Mailboxes;

/// <summary>The messages that fill mailboxes before a row is measured: the same for every server, by number.</summary>
internal static class SeedMessage
{
    /// <summary>What one message in a hundred has in its subject, and another one in its text.</summary>
    public const string Needle = "quinquereme";

    private const int Hundred = 100;
    private const int LineLength = 74;

    // So many messages answer one another.
    private const int Thread = 5;

    /// <summary>A message of that size to the octet, with CRLF line ends.</summary>
    public static byte[] Create(int number, int size)
    {
        var random = new Random(number);
        var text = new StringBuilder(size + LineLength);
        text.Append(CultureInfo.InvariantCulture, $"Received: from client.example by relay.example; Mon, 5 Jan 2026 10:{number / 60 % 60:00}:{number % 60:00} +0000\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Message-ID: <{number}@client.example>\r\nDate: Mon, 5 Jan 2026 10:{number / 60 % 60:00}:{number % 60:00} +0000\r\n");
        text.Append(CultureInfo.InvariantCulture, $"From: Person {random.Next(Hundred)} <p{random.Next(Hundred)}@client.example>\r\nTo: Somebody <u0@example.org>\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Subject: Message {number}{(number % Hundred == 17 ? " of a " + Needle : "")}\r\n");
        text.Append(number % Thread == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"References: <{number - (number % Thread)}@client.example>{(number % Thread == 1 ? "" : $" <{number - 1}@client.example>")}\r\n"));
        text.Append("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
        text.Append(number % Hundred == 71 ? "The " + Needle + " is here.\r\n" : "There is none in here.\r\n");
        while (text.Length < size - LineLength)
        {
            for (var i = 0; i < LineLength - 2; i++)
            {
                text.Append(i % 7 == 6 ? ' ' : (char)('a' + random.Next(26)));
            }

            text.Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append('x', Math.Max(0, size - text.Length - 2)).Append("\r\n").ToString());
    }

    public static SystemFlags FlagsOf(int number) => number % 10 == 3 ? SystemFlags.Seen | SystemFlags.Flagged : number % 10 == 7 ? SystemFlags.None : SystemFlags.Seen;
}
