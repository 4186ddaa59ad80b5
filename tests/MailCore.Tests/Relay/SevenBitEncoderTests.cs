using System.Buffers;
using System.Text;
using MailCore.Relay;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

[CancelAfter(60_000)]
public class SevenBitEncoderTests
{
    [TestCase(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe = x \r\n.\r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =3D x=20\r\n.\r\n")]
    [TestCase(
        "Content-Type: multipart/mixed; boundary=\"b 1\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\r\n--b 1\r\nContent-Transfer-Encoding:\r\n 8BIT\r\n\r\n\u00e4\r\n--b 1\r\n\r\nplain =\r\n--b 1--\r\nepi\r\n",
        "Content-Type: multipart/mixed; boundary=\"b 1\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\npre\r\n--b 1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n--b 1\r\n\r\nplain =\r\n--b 1--\r\nepi\r\n")]
    [TestCase(
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: binary\r\n\r\n\u00e4",
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n")]
    [TestCase(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary=aa\r\n\r\n--aa\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u00e4\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\nw6Q=\r\n--a--\r\n",
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary=aa\r\n\r\n--aa\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\nw6Q=\r\n--a--\r\n",
        Description = "an outer delimiter ends an inner multipart")]
    public void Declared_8_bit_parts_become_quoted_printable_wherever_they_are_cut(string message, string expected)
    {
        var octets = Encoding.UTF8.GetBytes(message);
        for (var size = 1; size <= octets.Length; size++)
        {
            Assert.That(Convert(octets, size, out var hasFailed), Is.EqualTo(expected), $"in pieces of {size}");
            Assert.That(hasFailed, Is.False);
        }
    }

    [TestCase("Subject: \u00e4\r\n\r\nx\r\n")]
    [TestCase("Subject: x\r\n\r\n\u00e4\r\n")]
    [TestCase("Content-Transfer-Encoding: base64\r\n\r\n\u00e4\r\n")]
    [TestCase("Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u00e4\r\n--a--\r\n", Description = "before the first part")]
    public void What_no_part_declares_can_not_be_converted(string message)
    {
        Convert(Encoding.UTF8.GetBytes(message), 7, out var hasFailed);

        Assert.That(hasFailed);
    }

    [Test]
    public void Lines_are_no_longer_than_76_and_what_they_say_stays()
    {
        var random = new Random(6_152);
        for (var round = 0; round < 200; round++)
        {
            var body = string.Concat(Enumerable.Range(0, random.Next(3_000)).Select(_ => " \t=.\u00e9\u20acabc\r\n".Substring(random.Next(10), 1)))
                .Replace("\r", "\r\n", StringComparison.Ordinal);
            var octets = Encoding.UTF8.GetBytes("Content-Transfer-Encoding: 8bit\r\n\r\n" + body);

            var converted = Convert(octets, 1 + random.Next(2_000), out var hasFailed);

            var lines = converted.Split("\r\n\r\n", 2)[1].Split("\r\n");
            Assert.That(hasFailed, Is.False);
            Assert.That(Ascii.IsValid(converted) && lines.All(static line => line.Length <= 76 && !line.EndsWith(' ') && !line.EndsWith('\t')));
            Assert.That(Decode(lines).TrimEnd('\r', '\n'), Is.EqualTo(body.TrimEnd('\r', '\n')));
        }
    }

    [Test]
    public async Task A_server_without_8BITMIME_gets_the_message_in_7_bit_and_its_right_size()
    {
        const string Text = "Content-Transfer-Encoding: 8bit\r\n\r\n\u00e4\r\n";
        const string Converted = "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n";
        await using var mta = new FaultyMta("PIPELINING", "CHUNKING", "SIZE");

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.org"), Text))).Single();

        Assert.That(outcome.Status, Is.EqualTo(RelayStatus.Sent), outcome.ToString());
        Assert.That(mta.Taken.Single().Text, Is.EqualTo(Converted));
        Assert.That(mta.Commands, Has.Member($"MAIL FROM:<alice@example.com> SIZE={Converted.Length}"));
    }

    [Test]
    public async Task What_can_not_be_converted_fails_and_nothing_is_sent()
    {
        await using var mta = new FaultyMta();

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.org"), "\r\n\u00e4\r\n"))).Single();

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Failed, "5.6.3")));
        Assert.That(mta.Commands, Has.None.StartsWith("MAIL"));
    }

    private static string Convert(byte[] octets, int size, out bool hasFailed)
    {
        var encoder = new SevenBitEncoder();
        var output = new ArrayBufferWriter<byte>();
        for (var i = 0; i < octets.Length; i += size)
        {
            encoder.Write(octets.AsSpan(i, Math.Min(size, octets.Length - i)), output);
        }

        encoder.Complete(output);
        hasFailed = encoder.HasFailed;
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Decode(string[] lines)
    {
        var octets = new List<byte>();
        foreach (var line in lines)
        {
            for (var i = 0; i < line.Length; i++)
            {
                if (line[i] != '=')
                {
                    octets.Add((byte)line[i]);
                }
                else if (i + 1 < line.Length)
                {
                    octets.Add(System.Convert.ToByte(line.Substring(i + 1, 2), 16));
                    i += 2;
                }
            }

            if (!line.EndsWith('='))
            {
                octets.AddRange("\r\n"u8);
            }
        }

        return Encoding.UTF8.GetString([.. octets]);
    }
}
