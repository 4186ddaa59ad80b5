using System.Buffers;
using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class ContentDecoderTests
{
    [TestCase("", "")]
    [TestCase("a=3Db", "a=b")]
    [TestCase("=c3=BC", "\u00c3\u00bc")]
    [TestCase("soft =\r\nbreak", "soft break")]
    [TestCase("soft =\nbreak", "soft break")]
    [TestCase("soft = \t\r\nbreak", "soft break")]
    [TestCase("blanks  \t\r\nnext", "blanks\r\nnext")]
    [TestCase("blanks \nnext", "blanks\nnext")]
    [TestCase("a b\tc", "a b\tc")]
    [TestCase("a \rb", "a \rb")]
    [TestCase("=zz =4 =", "=zz =4 ")]
    [TestCase("=4x", "=4x")]
    [TestCase("==41", "=A")]
    [TestCase("=\rx", "=\rx")]
    [TestCase("= x", "= x")]
    [TestCase("end=4", "end=4")]
    [TestCase("end  ", "end")]
    [TestCase("end =20\r\n", "end  \r\n")]
    public void Quoted_printable_is_decoded_however_it_is_split(string encoded, string expected)
    {
        foreach (var size in (int[])[1, 2, 3, 5, 1_000])
            Assert.That(Decode("quoted-printable", Encoding.Latin1.GetBytes(encoded), size), Is.EqualTo(Encoding.Latin1.GetBytes(expected)), $"pieces of {size}");
    }

    [TestCase("", "")]
    [TestCase("QUJD", "ABC")]
    [TestCase("QUI=", "AB")]
    [TestCase("QQ==", "A")]
    [TestCase("QUI", "AB")]
    [TestCase("QQ", "A")]
    [TestCase("Q", "")]
    [TestCase("QU\r\nJD", "ABC")]
    [TestCase(" Q-U*J\0D ", "ABC")]
    [TestCase("QQ==QUJD", "AABC")]
    [TestCase("====", "")]
    [TestCase("QUJDQUJDQUJDQUJDQUJD\r\nQUJDQUJDQUJDQUJDQUJD", "ABCABCABCABCABCABCABCABCABCABC")]
    [TestCase("QUJDQUJDQUJDQUJDQU!!JDQUJDQUJDQUJDQUJD", "ABCABCABCABCABCABCABCABCABC")]
    public void Base64_is_decoded_however_it_is_split(string encoded, string expected)
    {
        foreach (var size in (int[])[1, 2, 3, 5, 1_000])
            Assert.That(Decode("BASE64", Encoding.Latin1.GetBytes(encoded), size), Is.EqualTo(Encoding.Latin1.GetBytes(expected)), $"pieces of {size}");
    }

    [Test]
    public void Base64_in_lines_is_what_the_framework_decodes()
    {
        var random = new RandomMessages(91);
        for (var round = 0; round < RandomMessages.Count; round++)
        {
            var octets = new byte[random.Next(3_000)];
            random.Shuffle(octets, octets.Length);
            var lines = Encoding.ASCII.GetBytes(Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks));
            Assert.That(Decode("base64", lines, 1 + random.Next(200)).AsSpan().SequenceEqual(octets), $"round {round}");
        }
    }

    [TestCase("7bit")]
    [TestCase("8BIT")]
    [TestCase("binary")]
    [TestCase("")]
    public void Identity_changes_nothing(string encoding)
    {
        var octets = MessageCorpus.Get("eight-bit").ReadAll();
        Assert.That(Decode(encoding, octets, 7), Is.EqualTo(octets));
    }

    [TestCase("x-uuencode")]
    [TestCase("base-64")]
    public void An_unknown_encoding_has_no_decoder(string encoding) =>
        Assert.That(ContentDecoder.Create(Encoding.ASCII.GetBytes(encoding)), Is.Null);

    [Test]
    public void A_decoder_starts_anew_after_its_flush()
    {
        var decoder = ContentDecoder.Create("base64"u8)!;
        var into = new ArrayBufferWriter<byte>();
        decoder.Decode("QU"u8, into);
        decoder.Flush(into);
        decoder.Decode("QUJD"u8, into);
        decoder.Flush(into);
        Assert.That(into.WrittenSpan.ToArray(), Is.EqualTo("AABC"u8.ToArray()));
    }

    [Test]
    public void A_run_of_blanks_without_end_is_not_gathered()
    {
        var decoder = ContentDecoder.Create("quoted-printable"u8)!;
        var into = new ArrayBufferWriter<byte>();
        decoder.Decode(Enumerable.Repeat((byte)' ', 1_000_000).ToArray(), into);
        Assert.That(into.WrittenCount, Is.GreaterThan(990_000));
    }

    [Test]
    public void Noise_decodes_the_same_however_it_is_split()
    {
        var messages = new RandomMessages(92);
        for (var round = 0; round < RandomMessages.Count; round++)
        {
            var octets = messages.Noise(100);
            foreach (var encoding in (string[])["base64", "quoted-printable"])
            {
                var whole = Decode(encoding, octets, octets.Length + 1);
                Assert.That(whole, Has.Length.LessThanOrEqualTo(octets.Length));
                Assert.That(Decode(encoding, octets, 1), Is.EqualTo(whole));
                Assert.That(Decode(encoding, octets, 1 + messages.Next(9)), Is.EqualTo(whole));
            }
        }
    }

    [TestCase("quoted-printable", "Grüße, ein langer Satz, der weitergeht. 1=1    \r\nEnde.\r\n")]
    [TestCase("eight-bit", null)]
    [TestCase("smtputf8", "Kein Fisch ohne Fahrrad 🐟\r\n")]
    public void The_text_of_a_part_is_its_body_without_encoding_and_charset(string name, string? expected)
    {
        var octets = MessageCorpus.Get(name).ReadAll();
        var part = Summaries.Of(octets).Root;
        var body = octets.AsSpan((int)part.BodyOffset, (int)part.BodyLength);
        expected ??= Encoding.Latin1.GetString(body);
        foreach (var size in (int[])[1, 3, 1_000])
            Assert.That(DecodeText(part, body, size), Is.EqualTo(expected), $"pieces of {size}");
    }

    [Test]
    public void Text_without_a_charset_that_is_not_utf_8_is_read_as_latin_1()
    {
        var part = Summaries.Of("\r\n").Root;
        Assert.That(DecodeText(part, [(byte)'g', 0xFC, (byte)'n', 0xC3, 0xBC], 1), Is.EqualTo("günü"));
        Assert.That(DecodeText(part, [(byte)'g', 0xC3], 1), Is.EqualTo("gÃ"));
    }

    private static byte[] Decode(string encoding, ReadOnlySpan<byte> octets, int size)
    {
        var decoder = ContentDecoder.Create(Encoding.ASCII.GetBytes(encoding))!;
        var into = new ArrayBufferWriter<byte>();
        for (; !octets.IsEmpty; octets = octets[Math.Min(size, octets.Length)..])
            decoder.Decode(octets[..Math.Min(size, octets.Length)], into);

        decoder.Flush(into);
        return into.WrittenSpan.ToArray();
    }

    private static string DecodeText(MimePart part, ReadOnlySpan<byte> octets, int size)
    {
        using var decoder = new PartTextDecoder(part);
        var into = new ArrayBufferWriter<char>();
        for (; !octets.IsEmpty; octets = octets[Math.Min(size, octets.Length)..])
            decoder.Decode(octets[..Math.Min(size, octets.Length)], false, into);

        decoder.Decode([], true, into);
        return into.WrittenSpan.ToString();
    }
}
