using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class EncodedWordsTests
{
    [TestCase("", "")]
    [TestCase("plain", "plain")]
    [TestCase("=?utf-8?Q?a_b=C3=BC?=", "a bü")]
    [TestCase("=?UTF-8?q?a?=", "a")]
    [TestCase("=?utf-8?B?w7w=?=", "ü")]
    [TestCase("=?utf-8?b?w7w?=", "ü")]
    [TestCase("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab")]
    [TestCase("=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab")]
    [TestCase("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab")]
    [TestCase("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c")]
    [TestCase("x =?utf-8?Q?a?= y", "x a y")]
    [TestCase("x=?utf-8?Q?a?=y", "xay")]
    [TestCase("=?utf-8?Q??=", "")]
    [TestCase("=?utf-8?Q?a?b?=", "a?b")]
    [TestCase("=?utf-8?Q?a b?=", "a b")]
    [TestCase("=?utf-8?Q?=zz=4?=", "=zz=4")]
    [TestCase("=?utf-8*en-GB?Q?a?=", "a")]
    [TestCase("=?nosuch?Q?a?=", "=?nosuch?Q?a?=")]
    [TestCase("=?utf-8?X?a?=", "=?utf-8?X?a?=")]
    [TestCase("=?utf-8?Q?a", "=?utf-8?Q?a")]
    [TestCase("=?utf-8?B?a b?=", "=?utf-8?B?a b?=")]
    [TestCase("=?utf-8?B?!?= =?utf-8?Q?ok?=", "=?utf-8?B?!?= ok")]
    [TestCase("=?utf-8?Q?no_end =?utf-8?Q?ok?=", "=?utf-8?Q?no_end ok")]
    [TestCase("=??Q?a?=", "=??Q?a?=")]
    [TestCase("=?", "=?")]
    [TestCase("=?utf-8?Q?a=0D=0AX:_b=00?=", "a  X: b ")]
    [TestCase("=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "éé")]
    [TestCase("=?us-ascii?Q?=E9?=", "é")]
    [TestCase("=?utf-7?Q?+ADw-?=", "=?utf-7?Q?+ADw-?=")]
    public void Value_becomes_text(string value, string expected) =>
        Assert.That(EncodedWords.Decode(Encoding.Latin1.GetBytes(value)), Is.EqualTo(expected));

    [TestCase("X-Shift-Jis", "カタカナ")]
    [TestCase("X-Iso-2022-Jp", "日本語")]
    [TestCase("X-Big5", "繁體")]
    [TestCase("X-Euc-Kr", "한국어")]
    [TestCase("X-Iso-8859-15", "10 €")]
    [TestCase("X-Language", "été")]
    [TestCase("X-Split-Character", "ü")]
    [TestCase("X-Broken", "=?utf-8?B?abc =?utf-8?X?abc?= =?nosuch?Q?a?= =?utf-8?Q?no_end")]
    public void Encoded_words_of_many_charsets_are_read(string name, string expected)
    {
        foreach (var field in new HeaderReader(MessageCorpus.Get("encoded-words").ReadAll()))
        {
            if (!field.Is(Encoding.ASCII.GetBytes(name)))
                continue;

            var value = new byte[field.RawValue.Length];
            Assert.That(EncodedWords.Decode(value.AsSpan(0, field.Unfold(value))), Is.EqualTo(expected));
            return;
        }

        Assert.Fail($"There is no field {name}.");
    }

    [Test]
    public void Octets_outside_encoded_words_are_utf_8_or_latin_1()
    {
        Assert.That(EncodedWords.Decode("grün"u8), Is.EqualTo("grün"));
        Assert.That(EncodedWords.Decode("gr\u00fcn"u8[..2].ToArray().Concat(new byte[] { 0xFC, (byte)'n' }).ToArray()), Is.EqualTo("grün"));
    }

    [Test]
    public void Asking_for_a_charset_does_not_change_what_the_process_knows()
    {
        Assert.That(MimeCharset.Find("koi8-r"u8), Is.Not.Null);
        Assert.That(() => Encoding.GetEncoding("koi8-r"), Throws.ArgumentException);
    }

    [TestCase("utf-8", "utf-8")]
    [TestCase("UTF8", "utf-8")]
    [TestCase("latin1", "iso-8859-1")]
    [TestCase("cp1252", "windows-1252")]
    [TestCase("gbk", "gb2312")]
    [TestCase("KS_C_5601-1987", "euc-kr")]
    [TestCase("x-sjis", "shift_jis")]
    [TestCase("utf-16", "utf-16BE")]
    [TestCase("\"utf-8\"", "utf-8")]
    public void Charsets_are_known_by_their_other_names_too(string name, string expected) =>
        Assert.That(MimeCharset.Find(Encoding.ASCII.GetBytes(name))!.WebName, Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("nosuch")]
    [TestCase("utf-7")]
    [TestCase("cp99999999")]
    [TestCase("cp-1")]
    [TestCase("cp0")]
    [TestCase("cp")]
    [TestCase("ütf")]
    public void An_unknown_charset_is_null(string name) => Assert.That(MimeCharset.Find(Encoding.UTF8.GetBytes(name)), Is.Null);

    [Test]
    public void Noise_decodes_without_an_exception_to_one_line()
    {
        var messages = new RandomMessages(71);
        for (var round = 0; round < RandomMessages.Count * 5; round++)
        {
            var value = Encoding.Latin1.GetBytes("=?utf-8?" + (round % 2 == 0 ? "Q?" : "B?")).Concat(messages.Noise(40)).ToArray();
            Assert.That(EncodedWords.Decode(value), Does.Not.Contain('\n').And.Not.Contain('\r').And.Not.Contain('\0'));
        }
    }
}
