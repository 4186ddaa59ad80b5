using System.Text;
using MailCore.Tests.Corpus;

namespace MailCore.Tests.Mime;

/// <summary>Messages for fuzzing; the same seed gives the same messages.</summary>
internal sealed class RandomMessages(int seed)
{
    private const int DefaultCount = 300;

    private static readonly string[] Lines =
    [
        "", "", "", "", "text", "more text", "-", "--", "x--a", "--a", "--a", "--a--", "--ab", "--ab", "--ab--", "--abc", "--abc--", "--b", "--b", "--b--", "--a ", "--axx", "--b--x",
        "Content-Type: multipart/mixed; boundary=a", "Content-Type: multipart/mixed; boundary=ab", "Content-Type: multipart/digest; boundary=b",
        "Content-Type: multipart/alternative; boundary=abc", "Content-Type: multipart/mixed", "Content-Type: message/rfc822", "Content-Type: text/html",
        "Subject: s", "no colon",
    ];

    private static readonly byte[][] Scraps =
    [
        .. new[]
        {
            "\r\n", "\n", "\r", "\r\n\r\n", "--", "\r\n--", "\r\n--outer", "--outer--\r\n", "\0", "(", ")", "<", ">", "\"", "\\", ";", ":", ",", "=", "*0*=", "*1=", "=?utf-8?B?", "?=",
            "\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n", "\r\nContent-Type: message/rfc822\r\n\r\n", "\r\nContent-Disposition: attachment; filename*0*=utf-8''%",
            "\r\nTo: a:b@c,<d>;", "\r\nContent-Transfer-Encoding: base64\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n", "\r\nDate: 1 Jan", " +9999", "\u00fc",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    private readonly Random _random = new(seed);
    private readonly byte[][] _corpus = [.. MessageCorpus.Files.Select(message => message.ReadAll())];

    /// <summary>Rounds of a fuzz test.</summary>
    public static int Count => int.TryParse(Environment.GetEnvironmentVariable("MAILCORE_FUZZ_COUNT"), out var count) ? count : DefaultCount;

    /// <summary>Lines that matter to the structure, in any order.</summary>
    public string Structured()
    {
        var text = new StringBuilder();
        if (_random.Next(4) > 0)
            text.Append("Content-Type: multipart/mixed; boundary=a\r\n\r\n");

        for (var left = _random.Next(1, 40); left > 0; left--)
            text.Append(Lines[_random.Next(Lines.Length)]).Append(_random.Next(5) == 0 ? "\n" : "\r\n");

        return _random.Next(4) == 0 ? text.Append(Lines[_random.Next(Lines.Length)]).ToString() : text.ToString();
    }

    /// <summary>A message of the corpus with some octets changed, cut out, doubled or put in.</summary>
    public byte[] Mutated()
    {
        List<byte> octets = [.. _corpus[_random.Next(_corpus.Length)]];
        for (var left = _random.Next(1, 8); left > 0; left--)
        {
            var at = _random.Next(octets.Count + 1);
            var length = _random.Next(Math.Min(60, octets.Count - at) + 1);
            switch (_random.Next(5))
            {
                case 0:
                    octets.RemoveRange(at, length);
                    break;
                case 1:
                    octets.InsertRange(_random.Next(octets.Count + 1), octets.GetRange(at, length));
                    break;
                case 2 when at < octets.Count:
                    octets[at] = (byte)_random.Next(256);
                    break;
                default:
                    octets.InsertRange(at, Scraps[_random.Next(Scraps.Length)]);
                    break;
            }
        }

        return [.. octets];
    }

    /// <summary>Scraps of syntax and any octets.</summary>
    public byte[] Noise(int most)
    {
        var octets = new List<byte>();
        for (var left = _random.Next(most); left > 0; left--)
        {
            if (_random.Next(3) == 0)
                octets.Add((byte)_random.Next(256));
            else
                octets.AddRange(Scraps[_random.Next(Scraps.Length)]);
        }

        return [.. octets];
    }

    public int Next(int below) => _random.Next(below);

    public void Shuffle(Span<byte> octets, int changes)
    {
        for (; changes > 0 && octets.Length > 0; changes--)
            octets[_random.Next(octets.Length)] = (byte)_random.Next(256);
    }
}
