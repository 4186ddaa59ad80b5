using System.Diagnostics;
using MailCore.Messaging;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MailAliasTests
{
    [TestCase("Sales@Example.org", "a@x.example,b@y.example", "SALES@example.org", "a@x.example b@y.example")]
    [TestCase("sales@example.org", "a@x.example", "sale@example.org", null)]
    [TestCase("@Example.org", "a@x.example", "who@example.ORG", "a@x.example")]
    [TestCase("@example.org", "a@x.example", "who@sub.example.org", null)]
    [TestCase("@example.org", "@x.example,a@y.example", "who@example.org", "who@x.example a@y.example")]
    [TestCase("@example.org", "@x.example", "\"a b\"@example.org", "\"a b\"@x.example")]
    [TestCase(@"/^(\w+)\.(\w+)@example\.org$/", "$2@x.example,${1}-$$@y.example,$(1)@z.example", "a.b@example.org", "b@x.example a-$@y.example a@z.example")]
    [TestCase(@"/^a\/b@/", "x@x.example", "A/B@example.org", "x@x.example")]
    [TestCase(@"/^A@/c", "x@x.example", "a@example.org", null)]
    [TestCase(@"/^(.*)@example\.org$/", "$1@x.example", "\"victim@elsewhere.example\"@example.org", "\"victim@elsewhere.example\"@x.example")]
    [TestCase(@"/^(.*)@example\.org$/", "$1@x.example", "\"a\\\"b\"@example.org", "\"a\\\"b\"@x.example")]
    [TestCase(@"/^(x)?y@/", "$1@x.example", "y@example.org", "")]
    public void An_alias_answers_to_its_addresses(string name, string targets, string address, string? expected)
    {
        var found = MailAlias.Parse(name, targets.Split(',')).Expand(EmailAddress.Parse(address));
        Assert.That(found is null ? null : string.Join(' ', found), Is.EqualTo(expected));
    }

    [TestCase("", "a@x.example", "neither an address")]
    [TestCase("sales", "a@x.example", "neither an address")]
    [TestCase("@", "a@x.example", "neither an address")]
    [TestCase("@no domain", "a@x.example", "neither an address")]
    [TestCase("a@x.example", "", "needs 1 to 10000 targets")]
    [TestCase("a@x.example", "b", "'b', a target of")]
    [TestCase("a@x.example", "@y.example", "'@y.example', a target of")]
    [TestCase("a@x.example", "$1@y.example,|cat", "'|cat', a target of")]
    [TestCase("/", "a@x.example", "is not an expression")]
    [TestCase("/a", "a@x.example", "is not an expression")]
    [TestCase("/a/x", "a@x.example", "is not an expression")]
    [TestCase("/(/", "a@x.example", "is not an expression that can be used")]
    [TestCase("/(?=a)b/", "a@x.example", "is not an expression that can be used")]
    [TestCase(@"/(a)\1/", "a@x.example", "is not an expression that can be used")]
    [TestCase("/(a)/", "$2@x.example", "'$2@x.example', a target of")]
    [TestCase("/(a)/", "$x@x.example", "'$x@x.example', a target of")]
    [TestCase("/(a)/", "${1@x.example", "'${1@x.example', a target of")]
    [TestCase("/(a)/", "$1", "'$1', a target of")]
    public void What_is_no_alias_is_told(string name, string targets, string problem)
    {
        Assert.That(MailAlias.TryParse(name, targets.Length == 0 ? [] : targets.Split(','), out _, out var told), Is.False);
        Assert.That(told, Does.Contain(problem));
    }

    [Test]
    public void Limits_hold([Values(0, 1)] int more)
    {
        var expression = $"/{new string('a', MailAlias.MaxExpression - 2 + more)}/";
        Assert.That(MailAlias.TryParse(expression, ["a@x.example"], out _, out _), Is.EqualTo(more == 0));
        var targets = Enumerable.Range(0, MailAlias.MaxTargets + more).Select(static i => $"u{i}@x.example").ToArray();
        Assert.That(MailAlias.TryParse("a@x.example", targets, out _, out _), Is.EqualTo(more == 0));
    }

    /// <summary>What takes a backtracking engine longer than the sun lasts.</summary>
    [TestCase(@"/^(a+)+$/")]
    [TestCase(@"/^(a|a)*b@/")]
    [TestCase(@"/^(.*)*(.*)*(.*)*x$/")]
    public void An_expression_takes_time_proportional_to_the_address(string expression)
    {
        var alias = MailAlias.Parse(expression, "x@x.example");
        var address = EmailAddress.Parse($"{new string('a', 64)}@{string.Join('.', Enumerable.Repeat(new string('a', 60), 4))}");
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 100; i++)
        {
            Assert.That(alias.Expand(address), Is.Null);
        }

        // A backtracking engine does not come back at all.
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public void Random_names_and_targets_are_refused_or_work([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        string[] pieces = ["@", "/", "a", "b.example", "$", "1", "{", "}", "(", ")", "[", "]", "\\", ".", "*", "+", "?", "|", "^", "\"", " ", "é", "\u0000", "c", "i", "(?<n>a)", "\\d", "{2,5}", "$$"];
        for (var i = 0; i < 500; i++)
        {
            var name = Next();
            var targets = Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(2) == 0 ? "x@x.example" : Next()).ToArray();
            if (MailAlias.TryParse(name, targets, out var alias, out var problem))
            {
                foreach (var address in alias.Expand(EmailAddress.Parse("a@b.example")) ?? [])
                {
                    Assert.That(EmailAddress.TryParse(address.ToString(), out _));
                }
            }
            else
            {
                Assert.That(problem, Is.Not.Empty);
            }
        }

        string Next() => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
    }

    [TestCase("5G", true, 5L << 30)]
    [TestCase(" 10m ", true, 10L << 20)]
    [TestCase("1024", true, 1024L)]
    [TestCase("7b", true, 7L)]
    [TestCase("0", true, null)]
    [TestCase("none", true, null)]
    [TestCase("8388607T", true, 8388607L << 40)]
    [TestCase("8388608T", false, null)]
    [TestCase("-1", false, null)]
    [TestCase("5 G", false, null)]
    [TestCase("", false, null)]
    [TestCase("G", false, null)]
    [TestCase("5P", false, null)]
    public void Sizes_are_written_as_in_dovecot(string text, bool isSize, long? octets)
    {
        Assert.That(QuotaSize.TryParse(text, out var parsed), Is.EqualTo(isSize));
        Assert.That(parsed, Is.EqualTo(isSize ? octets : null));
    }
}
