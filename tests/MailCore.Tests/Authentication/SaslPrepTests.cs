using MailCore.Authentication;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

public class SaslPrepTests
{
    // RFC 4013 3
    [TestCase("I\u00ADX", "IX")]
    [TestCase("user", "user")]
    [TestCase("USER", "USER")]
    [TestCase("\u00AA", "a")]
    [TestCase("\u2168", "IX")]
    [TestCase("\u0007", null)]
    [TestCase("\u0627\u0031", null)]
    public void The_examples_of_rfc_4013(string text, string? prepared) => Assert.That(SaslPrep.Prepare(text), Is.EqualTo(prepared));

    [TestCase("a\u00A0b", "a b")]
    [TestCase("\u1112\u1161\u11AB", "\uD55C")]
    [TestCase("e\u0301", "\u00E9")]
    [TestCase("\U0001F600", "\U0001F600")]
    [TestCase("\u0627", "\u0627")]
    [TestCase("\uD800", null)]
    [TestCase("a\uE000", null)]
    public void Spaces_hangul_marks_and_what_unicode_3_2_did_not_know(string text, string? prepared) => Assert.That(SaslPrep.Prepare(text), Is.EqualTo(prepared));

    [Test]
    public void Agrees_with_another_implementation()
    {
        foreach (var line in Vectors())
        {
            var (text, prepared) = (Text(line[0]), line[1] == "!" ? null : Text(line[1]));
            Assert.That(SaslPrep.Prepare(text), Is.EqualTo(prepared), line[0]);
        }
    }

    [Test]
    public void What_is_prepared_is_prepared_already()
    {
        foreach (var line in Vectors().Where(static line => line[1] != "!"))
        {
            var prepared = SaslPrep.Prepare(Text(line[0]))!;
            Assert.That(SaslPrep.Prepare(prepared), Is.EqualTo(prepared), line[0]);
        }
    }

    [Test]
    public void A_password_that_can_not_be_prepared_is_taken_as_it_is() => Assert.That(SaslPrep.PrepareOrKeep("\u0627\u0031"), Is.EqualTo("\u0627\u0031"));

    [Test]
    public void Fuzz_any_text_is_prepared_or_refused()
    {
        var random = new Random(4013);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(12)];
            for (var at = 0; at < text.Length; at++)
            {
                text[at] = (char)random.Next(random.Next(2) == 0 ? 0x500 : 0x10000);
            }

            Assert.That(() => SaslPrep.Prepare(new string(text)), Throws.Nothing);
        }
    }

    private static List<string[]> Vectors()
    {
        using var reader = new StreamReader(typeof(SaslPrepTests).Assembly.GetManifestResourceStream("saslprep.txt")!);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != '#').Select(static line => line.Split(" > ")).ToList();
        Assert.That(lines, Has.Count.GreaterThan(300));
        return lines;
    }

    private static string Text(string points) =>
        string.Concat(points.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static point => char.ConvertFromUtf32(Convert.ToInt32(point, 16))));
}
