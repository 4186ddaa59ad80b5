using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MailCore.Mime;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class UnicodeCasemapTests
{
    // Perl 5.36 (Unicode 14), from Unicode::UCD's Simple_Titlecase_Mapping and Unicode::Normalize's NFKD: a line "C;X X X" in
    // hexadecimal for each code point that does not stay as it is.
    private const string PerlDigest = "1e33668ff8a592108eb53a3bd4c845d9db51b2ea75bc734fe4513df26d8017cd";

    [Test]
    public void Every_code_point_becomes_what_another_program_makes_of_it()
    {
        var lines = new StringBuilder();
        var count = 0;
        for (var point = 0; point < 0x110000; point++)
        {
            if (Rune.IsValid(point) && Of(new Rune(point)) is var prepared && prepared != new Rune(point).ToString())
            {
                count++;
                lines.Append(CultureInfo.InvariantCulture, $"{point:X};{string.Join(' ', prepared.EnumerateRunes().Select(static rune => rune.Value.ToString("X", CultureInfo.InvariantCulture)))}\n");
            }
        }

        Assert.That(count, Is.EqualTo(17_905));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(lines.ToString()))), Is.EqualTo(PerlDigest));
    }

    [TestCase("\u01C4", "Dz\u030C", Description = "The example of RFC 5051.")]
    [TestCase("e\u0301", "E\u0301")]
    [TestCase("\u00E9", "E\u0301")]
    [TestCase("Straße", "STRAßE", Description = "ß has no title case of one character.")]
    [TestCase("\u1E9E", "\u1E9E", Description = "Nor is it that of anything.")]
    [TestCase("ﬁ", "fi", Description = "Decomposed last, so not in title case.")]
    [TestCase("ıİſ", "II\u0307S")]
    [TestCase("ς\u00A0²", "Σ 2")]
    [TestCase("각가", "\u1100\u1161\u11A8\u1100\u1161")]
    [TestCase("ა𐐨𝐚", "ა𐐀a")]
    [TestCase("\u0001 ~\u007F", "\u0001 ~\u007F")]
    [TestCase("", "")]
    public void A_text_is_prepared(string text, string prepared) => Assert.That(Of(text), Is.EqualTo(prepared));

    [Test]
    public void Half_a_pair_is_no_character() => Assert.That(Of("a\uD800b\uDC00"), Is.EqualTo("A\uFFFDB\uFFFD"));

    [Test]
    public void No_code_point_becomes_longer_than_there_is_room_for()
    {
        var room = new char[64];
        var longest = 0;
        for (var point = 0; point < 0x110000; point++)
        {
            longest = Math.Max(longest, Rune.IsValid(point) ? UnicodeCasemap.Prepare(new Rune(point), room) : 0);
        }

        Assert.That(longest, Is.EqualTo(UnicodeCasemap.Longest));
        Assert.That(Of(new string('\uFDFA', 5_000)), Has.Length.EqualTo(5_000 * UnicodeCasemap.Longest));
    }

    [Test]
    public void Prepared_in_pieces_a_text_is_what_it_is_as_a_whole([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var runes = Enumerable.Range(0, 500).Select(_ => RandomRune(random)).ToList();
        var pieces = new ArrayBufferWriter<char>();
        for (var next = 0; next < runes.Count;)
        {
            var count = Math.Min(random.Next(1, 40), runes.Count - next);
            MessageText.Prepare(string.Concat(runes.GetRange(next, count)), pieces);
            next += count;
        }

        Assert.That(new string(pieces.WrittenSpan), Is.EqualTo(string.Concat(runes.Select(Of))).And.EqualTo(Of(string.Concat(runes))));
    }

    private static Rune RandomRune(Random random)
    {
        while (true)
        {
            var point = random.Next(random.Next(5) switch { 0 or 1 => 0x80, 2 => 0x500, 3 => 0x10000, _ => 0x110000 });
            if (Rune.IsValid(point))
            {
                return new Rune(point);
            }
        }
    }

    private static string Of(Rune rune) => Of(rune.ToString());

    private static string Of(string text)
    {
        var prepared = new ArrayBufferWriter<char>();
        UnicodeCasemap.Prepare(text, prepared);
        return new string(prepared.WrittenSpan);
    }
}
