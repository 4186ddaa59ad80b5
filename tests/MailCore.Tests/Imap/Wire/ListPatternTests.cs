using System.Text;
using System.Text.RegularExpressions;
using MailCore.Imap.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ListPatternTests
{
    [Test]
    public void Patterns_match_as_the_same_regular_expression_does([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 3_000; round++)
        {
            var pattern = Random("ab/*%", random);
            var name = Random("ab/", random);
            var expected = Regex.IsMatch(name, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("%", "[^/]*", StringComparison.Ordinal)}$");
            Assert.That(new ListPattern(Encoding.ASCII.GetBytes(pattern)).Matches(name), Is.EqualTo(expected), $"{pattern} on {name}");
        }
    }

    [TestCase("iNbOx", "INBOX", true)]
    [TestCase("inbox/a", "INBOX/a", true)]
    [TestCase("inbox/A", "INBOX/a", false)]
    [TestCase("%box", "INBOX", true)]
    [TestCase("inbox*", "INBOXES", false)]
    [TestCase("INBOX*", "INBOXES", true)]
    [TestCase("work", "WORK", false)]
    public void Only_inbox_matches_in_any_case(string pattern, string name, bool expected) =>
        Assert.That(new ListPattern(Encoding.ASCII.GetBytes(pattern)).Matches(name), Is.EqualTo(expected));

    [Test]
    public void A_hostile_pattern_takes_no_more_than_its_length_times_the_name_s()
    {
        var pattern = new ListPattern(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*a%", 400)) + "c"));
        Assert.That(pattern.Matches(new string('a', 900) + "b"), Is.False);
    }

    private static string Random(string letters, Random random) =>
        new([.. Enumerable.Range(0, random.Next(9)).Select(_ => letters[random.Next(letters.Length)])]);
}
