using System.IO.Pipelines;
using System.Text;
using MailCore.Imap.Append;
using MailCore.Imap.Wire;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapFramerTests
{
    private static readonly FrameLimits Limits = new(Line: 40, Literal: 20, Literals: 30, LiteralCount: 4) { NonSynchronizing = 15, Drain = 1_000, StreamsMessages = true };

    private static readonly string[] Dialogs =
    [
        "a NOOP\r\nb NOOP\r\n",
        "a LOGIN {3+}\r\nbob {2+}\r\nxy\r\nb NOOP\r\n",
        "a LOGIN {16+}\r\nb NOOP\r\nc NOOP\r\nd NOOP\r\n",
        "a LOGIN {16+}\r\nb NOOP\r\nc NOOP\r\n {2+}\r\nzz {3}\r\nb NOOP\r\n",
        "a X {10+}\r\n0123456789 {10+}\r\n0123456789 {11+}\r\n0\r\n NOOP\r\n \r\nb NOOP\r\n",
        "a X {0+}\r\n{0+}\r\n{0+}\r\n{0+}\r\n{0+}\r\n\r\nb NOOP\r\n",
        "a 0123456789012345678901234567890123456789\r\nb NOOP\r\n",
        "a 01234567890123456789012345678901234567890123456789 {9+}\r\n NOOP\r\n \r\nb NOOP\r\n",
        "a X {4294967296+}\r\nb NOOP\r\n",
        "a X {4294967296}\r\nb NOOP\r\n",
        "a X {-1}\r\nb NOOP\r\n",
        "a X {1001+}\r\nb NOOP\r\n",
        "\r\n\nb NOOP\n",
        "a APPEND INBOX (\\Seen) {9+}\r\nmessage\r\n\r\nb NOOP\r\n",
        "a APPEND {5+}\r\nINBOX {4+}\r\nmess\r\nb NOOP\r\n",
        "a X \"{3+}\r\nabc\"\r\nb NOOP\r\n",
    ];

    [TestCaseSource(nameof(Dialogs))]
    public async Task A_dialog_gives_the_same_commands_however_it_is_cut(string dialog)
    {
        var octets = Encoding.Latin1.GetBytes(dialog);
        var whole = await FramesAsync([octets]);
        Assert.That(await FramesAsync([.. octets.Select(static octet => new[] { octet })]), Is.EqualTo(whole));
        for (var cut = 1; cut < octets.Length; cut++)
        {
            Assert.That(await FramesAsync([octets[..cut], octets[cut..]]), Is.EqualTo(whole), $"cut at {cut}");
        }
    }

    [Test]
    public async Task A_refused_literal_s_octets_are_never_commands()
    {
        Assert.That(await FramesAsync(["a LOGIN {16+}\r\nb NOOP\r\nc NOOP\r\nd NOOP\r\ne NOOP\r\n"u8.ToArray()]), Is.EqualTo(new[]
        {
            "Refused [a LOGIN {16+}] A literal of this size must wait for leave", "Command [e NOOP]",
        }));
    }

    [Test]
    public async Task A_line_too_long_keeps_its_tag_and_its_literal()
    {
        var frames = await FramesAsync(["tag 45678901234567890123456789012345678901234567890123456789 {9+}\r\n NOOP\r\n \r\nb NOOP\r\n"u8.ToArray()]);
        Assert.That(frames, Has.Count.EqualTo(2));
        Assert.That(frames[0], Does.StartWith("Refused [tag ").And.EndsWith("The line is too long"));
        Assert.That(frames[1], Is.EqualTo("Command [b NOOP]"));
    }

    [Test]
    public async Task A_declared_size_reserves_no_memory()
    {
        var limits = new FrameLimits(100, int.MaxValue, int.MaxValue, 10) { NonSynchronizing = int.MaxValue };
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(await FramesAsync([.. Enumerable.Repeat("a X {2000000000+}\r\nabc"u8.ToArray(), 1)], limits), Is.Empty);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
    }

    [Test]
    public async Task Random_octets_frame_alike_however_they_are_cut([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Pieces[random.Next(Pieces.Length)]));
            var octets = Encoding.Latin1.GetBytes(text);
            var whole = await FramesAsync([octets]);
            Assert.That(await FramesAsync([.. octets.Select(static octet => new[] { octet })]), Is.EqualTo(whole), text);
            Assert.That(await FramesAsync([.. octets.Chunk(random.Next(1, 9))]), Is.EqualTo(whole), text);
        }
    }

    private static readonly string[] Pieces =
    [
        "a NOOP", "\r\n", "\r\n", "\r\n", "\n", "{3+}\r\n", "{3}\r\n", "{15+}\r\n", "{16+}\r\n", "{21+}\r\n", "{400+}\r\n", "x APPEND y ", " ", "abc", "{", "}", "+}",
        "0123456789012345678901234567890123456789", "\r", "\"", "{99999999999+}\r\n",
    ];

    /// <summary>What a session sees that gives every leave, takes every message and stops when it is lost.</summary>
    private static async Task<List<string>> FramesAsync(byte[][] pieces, FrameLimits? limits = null)
    {
        var pipe = new Pipe();
        using var lines = new LineFramer(pipe.Reader, TimeProvider.System);
        using var framer = new ImapFramer(lines, MessageIntake.EndsBeforeMessage);
        var frames = new List<string>();
        var next = 0;
        while (true)
        {
            var status = framer.TryRead(limits ?? Limits);
            if (status == FrameStatus.Incomplete)
            {
                if (next == pieces.Length)
                {
                    return frames;
                }

                await pipe.Writer.WriteAsync(pieces[next++]);
                await lines.FillAsync(Timeout.InfiniteTimeSpan);
                continue;
            }

            frames.Add($"{status} [{Encoding.Latin1.GetString(framer.Command)}] {framer.Refusal}".TrimEnd());
            if (status == FrameStatus.Lost)
            {
                return frames;
            }

            if (status == FrameStatus.Message)
            {
                var left = (long)framer.MessageHeader.Size;
                var message = new StringBuilder();
                while (left > 0)
                {
                    var octets = lines.Buffer.Slice(0, Math.Min(left, lines.Buffer.Length));
                    message.Append(Encoding.Latin1.GetString(octets));
                    left -= octets.Length;
                    lines.Consume(octets.End);
                    if (left > 0)
                    {
                        if (next == pieces.Length)
                        {
                            return frames;
                        }

                        await pipe.Writer.WriteAsync(pieces[next++]);
                        await lines.FillAsync(Timeout.InfiniteTimeSpan);
                    }
                }

                frames[^1] += $" <{message}>";
                framer.EndMessage();
            }
        }
    }
}
