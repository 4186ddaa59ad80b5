using System.Text;
using MailCore.Mime;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class HeaderReaderTests
{
    [TestCase("A: 1\r\nB: 2\r\n\r\nC: 3\r\n", "0 A|1;6 B|2")]
    [TestCase("A: 1\nB: 2\n\nC: 3\n", "0 A|1;5 B|2")]
    [TestCase("A: 1\r\n\tx\r\n  y\r\nB:2", "0 A|1\tx  y;15 B|2")]
    [TestCase("A : 1\r\n", "0 A|1")]
    [TestCase("A:\r\n", "0 A|")]
    [TestCase("A:\r\n \r\n \r\n", "0 A|")]
    [TestCase("A:\r\n 1\r\n", "0 A|1")]
    [TestCase("A: b: c\r\n", "0 A|b: c")]
    [TestCase("no colon\r\nA: 1\r\n", "0 |no colon;10 A|1")]
    [TestCase(" folded first\r\nA: 1\r\n", "0 |folded first;15 A|1")]
    [TestCase("From x Tue Mar  4 09:15:02 2025\r\nA: 1\r\n", "0 |From x Tue Mar  4 09:15:02 2025;33 A|1")]
    [TestCase(": 1\r\n", "0 |: 1")]
    [TestCase("X Y: 1\r\n", "0 |X Y: 1")]
    [TestCase("A: 1\rB: 2\r\n", "0 A|1\rB: 2")]
    [TestCase("", "")]
    [TestCase("\r\nA: 1\r\n", "")]
    [TestCase("\nA: 1\r\n", "")]
    public void Fields_are_found_with_their_offsets(string block, string expected)
    {
        var found = new List<string>();
        foreach (var field in new HeaderReader(Encoding.Latin1.GetBytes(block)))
        {
            var value = new byte[field.RawValue.Length];
            var length = field.Unfold(value);
            found.Add($"{field.Offset} {Encoding.Latin1.GetString(field.Name)}|{Encoding.Latin1.GetString(value, 0, length)}");
        }

        Assert.That(string.Join(";", found), Is.EqualTo(expected));
    }

    [Test]
    public void Names_have_no_case()
    {
        foreach (var field in new HeaderReader("sUbJeCt: x\r\n"u8))
        {
            Assert.That(field.Is("Subject"u8));
            Assert.That(field.Is("Subjec"u8), Is.False);
        }
    }

    [Test]
    public void Every_octet_of_a_block_belongs_to_one_field()
    {
        var messages = new RandomMessages(61);
        for (var round = 0; round < RandomMessages.Count * 5; round++)
        {
            var block = messages.Noise(60);
            var end = 0;
            foreach (var field in new HeaderReader(block))
            {
                Assert.That(field.Offset, Is.EqualTo(end));
                Assert.That(field.Raw.IsEmpty, Is.False);
                end += field.Raw.Length;
                Assert.That(field.Unfold(new byte[field.RawValue.Length]), Is.LessThanOrEqualTo(field.RawValue.Length));
            }

            var rest = Encoding.Latin1.GetString(block, end, block.Length - end);
            Assert.That(rest, Is.Empty.Or.StartsWith("\n").Or.StartsWith("\r\n"));
        }
    }
}
