using System.IO.Pipelines;
using System.Text;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

public class DataEncoderTests
{
    [TestCase("", ".\r\n")]
    [TestCase("a\r\n", "a\r\n.\r\n")]
    [TestCase("a", "a\r\n.\r\n")]
    [TestCase(".", "..\r\n.\r\n")]
    [TestCase(".\r\n", "..\r\n.\r\n")]
    [TestCase("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n")]
    [TestCase("a\r\n..b\r\n", "a\r\n...b\r\n.\r\n")]
    [TestCase("a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n")]
    [TestCase("\r\n\r\n", "\r\n\r\n.\r\n")]
    [TestCase("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n", Description = "smuggling by LF.LF")]
    [TestCase("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n", Description = "smuggling by CR.CR")]
    [TestCase("a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n", Description = "smuggling by LF.CRLF")]
    [TestCase("a\r\n.\nb", "a\r\n..\r\nb\r\n.\r\n", Description = "smuggling by CRLF.LF")]
    [TestCase("a\r\n.\rb", "a\r\n..\r\nb\r\n.\r\n", Description = "smuggling by CRLF.CR")]
    [TestCase("a\r\r\n.\r\r\n", "a\r\n\r\n..\r\n\r\n.\r\n")]
    [TestCase("a\r", "a\r\n.\r\n")]
    public void Only_the_end_of_the_message_ends_it_wherever_it_is_cut(string message, string expected)
    {
        for (var first = 0; first <= message.Length; first++)
        {
            for (var second = first; second <= message.Length; second++)
            {
                Assert.That(Encode(message[..first], message[first..second], message[second..]), Is.EqualTo(expected));
            }
        }
    }

    [Test]
    public void Random_messages_are_what_the_receiver_reads_with_their_line_ends_repaired()
    {
        var random = new Random(4);
        for (var round = 0; round < 2_000; round++)
        {
            var message = new string(random.GetItems("\r\n.ab".AsSpan(), random.Next(20)));
            var cut = random.Next(message.Length + 1);

            var wire = Encode(message[..cut], message[cut..]);

            // As a receiver: only CRLF.CRLF ends, dots are unstuffed.
            var end = ("\r\n" + wire).IndexOf("\r\n.\r\n", StringComparison.Ordinal);
            Assert.That(end, Is.EqualTo(wire.Length - 3), message);
            var read = wire[..^3].Split("\r\n").Select(static line => line.StartsWith('.') ? line[1..] : line);
            var repaired = message.ReplaceLineEndings("\r\n");
            Assert.That(string.Join("\r\n", read), Is.EqualTo(repaired.Length == 0 || repaired.EndsWith("\r\n", StringComparison.Ordinal) ? repaired : repaired + "\r\n"));
        }
    }

    private static string Encode(params string[] pieces)
    {
        var stream = new MemoryStream();
        var output = PipeWriter.Create(stream);
        var encoder = new DataEncoder();
        foreach (var piece in pieces)
        {
            encoder.Write(output, Encoding.ASCII.GetBytes(piece));
        }

        encoder.Complete(output);
        output.Complete();
        return Encoding.ASCII.GetString(stream.ToArray());
    }
}
