using System.Text;
using MailCore.Imap.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ModifiedUtf7Tests
{
    [TestCase("INBOX", "INBOX")]
    [TestCase("", "")]
    [TestCase("a&b", "a&-b")]
    [TestCase("&", "&-")]
    [TestCase("Entwürfe", "Entw&APw-rfe")]
    [TestCase("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-")]
    [TestCase("☺!", "&Jjo-!")]
    [TestCase("👀", "&2D3cQA-")]
    [TestCase("ü&ü", "&APw-&-&APw-")]
    public void Names_have_one_form_in_ascii(string name, string encoded)
    {
        Assert.That(ModifiedUtf7.Encode(name), Is.EqualTo(encoded));
        Assert.That(ModifiedUtf7.TryDecode(Encoding.ASCII.GetBytes(encoded), out var decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(name));
    }

    [TestCase("&", TestName = "Unended_shift_is_refused")]
    [TestCase("&AOQ", TestName = "Unended_run_is_refused")]
    [TestCase("&AGE-", TestName = "Ascii_in_base64_is_refused")]
    [TestCase("&APw-&APw-", TestName = "Touching_runs_are_refused")]
    [TestCase("&APx-", TestName = "Nonzero_padding_is_refused")]
    [TestCase("&APwA-", TestName = "A_whole_digit_of_padding_is_refused")]
    [TestCase("&A-", TestName = "Half_a_character_is_refused")]
    [TestCase("&AO/-", TestName = "Slash_in_base64_is_refused")]
    [TestCase("a\tb", TestName = "Controls_are_refused")]
    [TestCase("a\u007f", TestName = "Delete_is_refused")]
    [TestCase("\u00fc", TestName = "Raw_eight_bit_is_refused")]
    public void Any_other_form_is_refused(string octets) =>
        Assert.That(ModifiedUtf7.TryDecode(Encoding.UTF8.GetBytes(octets), out _), Is.False);

    [Test]
    public void Random_names_come_back_and_random_octets_decode_only_to_what_encodes_to_them([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2_000; round++)
        {
            var name = new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => (char)(random.Next(3) == 0 ? random.Next(0x20, 0x7F) : random.Next(0x80, 0xD800)))]);
            Assert.That(ModifiedUtf7.TryDecode(Encoding.ASCII.GetBytes(ModifiedUtf7.Encode(name)), out var decoded), Is.True, name);
            Assert.That(decoded, Is.EqualTo(name));

            var octets = Encoding.ASCII.GetBytes(new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "&-AOQabz,+ "[random.Next(11)])]));
            if (ModifiedUtf7.TryDecode(octets, out var some))
            {
                Assert.That(ModifiedUtf7.Encode(some), Is.EqualTo(Encoding.ASCII.GetString(octets)));
            }
        }
    }
}
