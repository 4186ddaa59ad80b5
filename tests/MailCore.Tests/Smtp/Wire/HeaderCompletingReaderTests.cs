using System.Buffers;
using System.Text;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class HeaderCompletingReaderTests
{
    private const string Date = "Date: now\r\n";
    private const string MessageId = "Message-ID: <new>\r\n";

    [TestCase("", Date + MessageId)]
    [TestCase("\r\nbody\r\n", Date + MessageId + "\r\nbody\r\n")]
    [TestCase("To: x\r\n\r\nbody\r\n", "To: x\r\n" + Date + MessageId + "\r\nbody\r\n")]
    [TestCase("To: x\r\n", "To: x\r\n" + Date + MessageId)]
    [TestCase("date : x\r\nmessage-id:<y>\r\n\r\n", "date : x\r\nmessage-id:<y>\r\n\r\n")]
    [TestCase("Date: x\r\n\r\n", "Date: x\r\n" + MessageId + "\r\n")]
    [TestCase("Bcc: a\r\n b\r\n\tc\r\nTo: d\r\n e\r\n\r\nBcc: f\r\n", "To: d\r\n e\r\n" + Date + MessageId + "\r\nBcc: f\r\n")]
    [TestCase("BCC:\r\nbcc \t:x\r\n\r\n", Date + MessageId + "\r\n")]
    [TestCase("Bccx: a\r\nX-Bcc: b\r\nResent-Date: c\r\n\r\n", "Bccx: a\r\nX-Bcc: b\r\nResent-Date: c\r\n" + Date + MessageId + "\r\n")]
    [TestCase("no header at all\r\nbut text\r\n", Date + MessageId + "\r\nno header at all\r\nbut text\r\n")]
    [TestCase("hello\r\nDate: x\r\n", Date + MessageId + "\r\nhello\r\nDate: x\r\n")]
    [TestCase("To: x\r\nbroken line\r\nBcc: y\r\n\r\n", "To: x\r\nbroken line\r\n" + Date + MessageId + "\r\n")]
    public async Task Headers_are_completed_however_they_arrive(string message, string expected)
    {
        var octets = Encoding.Latin1.GetBytes(message);
        for (var cut = 0; cut <= octets.Length; cut++)
        {
            Assert.That(await ReadAsync(PieceReader.Cut(octets, cut), null), Is.EqualTo(expected), $"cut at {cut}");
        }
    }

    [Test]
    public async Task A_line_longer_than_any_buffer_passes()
    {
        var message = "Bcc: " + new string('x', 50_000) + "\r\nSubject: " + new string('y', 50_000) + "\r\n\r\nbody\r\n";
        Assert.That(
            await ReadAsync(PieceReader.Cut(Encoding.Latin1.GetBytes(message), Enumerable.Range(1, 100).Select(i => i * 1_000)), new Random(7)),
            Is.EqualTo(message[50_007..^8] + Date + MessageId + "\r\nbody\r\n"));
    }

    [Test]
    public async Task Random_readers_and_pieces_give_the_same([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        string[] lines = ["To: x\r\n", "Bcc: y\r\n", " folded\r\n", "Date: z\r\n", "Message-Id: q\r\n", "broken\r\n", "X: " + new string('l', 300) + "\r\n", "\r\n"];
        for (var round = 0; round < 100; round++)
        {
            var octets = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => lines[random.Next(lines.Length)])));
            var whole = await ReadAsync(new PieceReader([octets]), null);
            var cuts = Enumerable.Range(0, random.Next(10)).Select(_ => random.Next(octets.Length + 1));
            Assert.That(await ReadAsync(PieceReader.Cut(octets, cuts), random), Is.EqualTo(whole));
        }
    }

    private static async Task<string> ReadAsync(PieceReader input, Random? random)
    {
        var reader = new HeaderCompletingReader(input, Encoding.ASCII.GetBytes(Date), Encoding.ASCII.GetBytes(MessageId));
        var content = new MemoryStream();
        while (true)
        {
            var result = await reader.ReadAsync();
            var length = (int)result.Buffer.Length;
            var consumed = random is null || result.IsCompleted ? length : random.Next(length + 1);
            var examined = random is null || random.Next(2) == 0 ? length : random.Next(consumed, length + 1);
            content.Write(result.Buffer.Slice(0, consumed).ToArray());
            reader.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.GetPosition(examined));
            if (result.IsCompleted)
            {
                await reader.CompleteAsync();
                return Encoding.Latin1.GetString(content.ToArray());
            }
        }
    }
}
