using System.Text;
using MailCore.Messaging;
using MailCore.Mime;
using NUnit.Framework;

namespace MailCore.Tests.Messaging;

[TestFixture]
internal sealed class HeaderEditsTests
{
    [TestCase("X", "one two", "X: one two\r\n")]
    [TestCase("X", "  one ", "X: one\r\n")]
    [TestCase("X", "", "X: \r\n")]
    [TestCase("X", "one\r\n\ttwo", "X: one\r\n\ttwo\r\n")]
    [TestCase("X", "größer", "X: =?utf-8?B?Z3LDtsOfZXI=?=\r\n")]
    public void A_field_is_written(string name, string value, string expected) =>
        Assert.That(Encoding.ASCII.GetString(HeaderEdits.Field(name, value)), Is.EqualTo(expected));

    [Test]
    public void Nothing_can_begin_another_field_or_end_the_header(
        [Values("a\r\nBcc: x", "a\nb", "a\rb", "a\0b", "a\r\n\r\nbody", "a\r\n \r\n\r\nb", "a\r\nb", "\u0085\u2028x\u001b")] string value) =>
        Assert.That(() => HeaderEdits.Field("X", value), Throws.ArgumentException);

    [Test]
    public void A_name_is_a_field_name([Values("", "a b", "a:", "ä", "a\r\nb", "\0")] string name)
    {
        Assert.That(() => new HeaderEdits().Add(name, "x"), Throws.ArgumentException);
        Assert.That(() => new HeaderEdits().Remove(name), Throws.ArgumentException);
    }

    [Test]
    public void Long_values_are_folded_where_they_have_white_space_and_come_back_whole()
    {
        var value = string.Join(' ', Enumerable.Repeat("word", 200));
        var field = HeaderEdits.Field("X-Long", value);
        Assert.That(Encoding.ASCII.GetString(field).Split("\r\n").Max(static line => line.Length), Is.LessThanOrEqualTo(78));
        Assert.That(Read(field), Is.EqualTo(value));
        Assert.That(() => HeaderEdits.Field("X-Long", new string('x', 998)), Throws.ArgumentException);
        Assert.That(() => HeaderEdits.Field("X", new string('x', 995)), Throws.Nothing);
    }

    [Test]
    public void Text_beyond_ASCII_comes_back_whole()
    {
        var value = string.Concat(Enumerable.Repeat("Ünïcödé 日本語 😀 ", 30)).Trim();
        var field = HeaderEdits.Field("Subject", value);
        Assert.That(Encoding.ASCII.GetString(field).Split("\r\n").Max(static line => line.Length), Is.LessThanOrEqualTo(78));
        Assert.That(Read(field), Is.EqualTo(value));
    }

    private static string Read(byte[] octets)
    {
        foreach (var field in new HeaderReader(octets))
        {
            var value = new byte[field.RawValue.Length];
            return EncodedWords.Decode(value.AsSpan(0, field.Unfold(value)));
        }

        return "";
    }
}
