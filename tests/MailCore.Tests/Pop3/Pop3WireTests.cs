using System.IO.Pipelines;
using System.Text;
using MailCore.Pop3;
using MailCore.Pop3.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3WireTests
{
    [TestCase("", ".\r\n")]
    [TestCase(".", "..\r\n.\r\n")]
    [TestCase("\r\n", "\r\n.\r\n")]
    [TestCase("a\r\n.\r\n.b\r\n", "a\r\n..\r\n..b\r\n.\r\n")]
    [TestCase("a\n.", "a\n..\r\n.\r\n")]
    [TestCase("a\n", "a\n\r\n.\r\n")]
    [TestCase("a\r", "a\r\r\n.\r\n")]
    [TestCase("a.b", "a.b\r\n.\r\n")]
    public void Stuffing_doubles_dots_that_begin_a_line(string message, string expected)
    {
        for (var size = 1; size <= Math.Max(1, message.Length); size++)
        {
            Assert.That(Stuff(Encoding.Latin1.GetBytes(message), _ => size), Is.EqualTo(expected), $"in pieces of {size}");
        }
    }

    [Test]
    public void Stuffing_does_not_depend_on_the_pieces([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
        {
            var message = Letters(random, "ab\r\n\r\n..."u8, random.Next(200));
            Assert.That(Stuff(message, left => random.Next(1, left + 1)), Is.EqualTo(StuffSlowly(message)));
        }
    }

    [Test]
    public void Top_does_not_depend_on_the_pieces([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var message = Letters(random, "aa\r\r\n\n\r"u8, random.Next(60));
            var lines = random.Next(5);
            Assert.That(Top(message, lines, left => random.Next(1, left + 1)), Is.EqualTo(TopSlowly(message, lines)), Encoding.Latin1.GetString(message));
        }
    }

    [TestCase("", false, 0)]
    [TestCase("0", true, 0)]
    [TestCase("007", true, 7)]
    [TestCase("2147483648", true, 2147483648)]
    [TestCase("9223372036854775807", true, long.MaxValue)]
    [TestCase("9223372036854775808", true, long.MaxValue)]
    [TestCase("92233720368547758070000", true, long.MaxValue)]
    [TestCase("+1", false, 0)]
    [TestCase("-1", false, 0)]
    [TestCase("1 ", false, 0)]
    [TestCase("1x", false, 0)]
    public void Numbers_are_digits_alone(string text, bool isNumber, long expected)
    {
        Assert.That(Pop3Line.TryParseNumber(Encoding.ASCII.GetBytes(text), out var number), Is.EqualTo(isNumber));
        if (isNumber)
        {
            Assert.That(number, Is.EqualTo(expected));
        }
    }

    [Test]
    public void Every_command_is_found_in_any_case_and_nothing_else_is()
    {
        foreach (var command in Pop3CommandTable.All)
        {
            Assert.That(Pop3CommandTable.Find(Encoding.ASCII.GetBytes(command.Name)), Is.SameAs(command));
            Assert.That(Pop3CommandTable.Find(Encoding.ASCII.GetBytes(command.Name.ToLowerInvariant())), Is.SameAs(command));
        }

        var names = Pop3CommandTable.All.Select(static command => command.Name).ToHashSet();
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var keyword = new byte[random.Next(6)];
            random.NextBytes(keyword);
            var name = Encoding.Latin1.GetString(keyword).ToUpperInvariant();
            Assert.That(Pop3CommandTable.Find(keyword) is not null, Is.EqualTo(names.Contains(name)), name);
        }
    }

    private static byte[] Letters(Random random, ReadOnlySpan<byte> from, int length)
    {
        var letters = new byte[length];
        foreach (ref var letter in letters.AsSpan())
        {
            letter = from[random.Next(from.Length)];
        }

        return letters;
    }

    private static string Stuff(byte[] message, Func<int, int> nextPiece)
    {
        using var written = new MemoryStream();
        var writer = PipeWriter.Create(written);
        var stuffer = new DotStuffer();
        for (var at = 0; at < message.Length;)
        {
            var piece = Math.Min(nextPiece(message.Length - at), message.Length - at);
            stuffer.Write(writer, message.AsSpan(at, piece));
            at += piece;
        }

        stuffer.End(writer);
        writer.Complete();
        return Encoding.Latin1.GetString(written.ToArray());
    }

    private static string StuffSlowly(byte[] message)
    {
        var text = new StringBuilder();
        for (var i = 0; i < message.Length; i++)
        {
            text.Append(message[i] == '.' && (i == 0 || message[i - 1] == '\n') ? "." : "").Append((char)message[i]);
        }

        return text.Append(message.Length == 0 || message is [.., (byte)'\r', (byte)'\n'] ? ".\r\n" : "\r\n.\r\n").ToString();
    }

    private static string Top(byte[] message, int lines, Func<int, int> nextPiece)
    {
        var taken = new StringBuilder();
        var top = new TopScanner(lines);
        for (var at = 0; at < message.Length && !top.IsDone;)
        {
            var piece = message.AsSpan(at, nextPiece(message.Length - at));
            taken.Append(Encoding.Latin1.GetString(piece[..top.Take(piece)]));
            at += piece.Length;
        }

        return taken.ToString();
    }

    private static string TopSlowly(byte[] message, int lines)
    {
        var taken = new StringBuilder();
        var inBody = false;
        foreach (var line in Encoding.Latin1.GetString(message).Split('\n').Select((text, i) => (text, i)))
        {
            var isLast = line.i == message.Count(static octet => octet == '\n');
            if (inBody && lines-- <= 0)
            {
                break;
            }

            taken.Append(line.text).Append(isLast ? "" : "\n");
            inBody |= line.text is "" or "\r";
        }

        return taken.ToString();
    }
}
