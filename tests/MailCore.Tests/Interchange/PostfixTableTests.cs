using MailCore.Interchange;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using NUnit.Framework;

namespace MailCore.Tests.Interchange;

/// <summary>The configuration files of docker-mailserver.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PostfixTableTests
{
    private const string File = "table.cf";

    [Test]
    public void A_virtual_file_becomes_aliases_and_catch_alls()
    {
        var aliases = PostfixVirtualFile.Parse(
        [
            "# comment",
            "",
            "alias1@example.org user1@example.org",
            "List@example.org\tuser1@example.org, user2@example.org,",
            "\tuser3@other.example   user4@other.example",
            "  # a comment between",
            "   user5@other.example",
            "@example.org user1@example.org",
            "@twin.example @example.org",
            "other.example anything",
            "alias1@EXAMPLE.org user2@example.org",
        ], File);
        Assert.That(aliases.Select(static alias => alias.ToString()), Is.EqualTo(new[]
        {
            "alias1@example.org user1@example.org, user2@example.org",
            "list@example.org user1@example.org, user2@example.org, user3@other.example, user4@other.example, user5@other.example",
            "@example.org user1@example.org",
            "@twin.example @example.org",
        }));
    }

    [Test]
    public void A_regexp_file_becomes_expressions()
    {
        var aliases = PostfixRegexpFile.Parse(
        [
            @"/^test[0-9][0-9]*@example\.org/ user1@example.org",
            @"/^(.*)@old\.example$/ $1@example.org,  archive@example.org",
            @"/^Exact@/i user1@example.org",
            @"#/^a b@/ user@example.org",
            @"~^a/b\~c@~ user2@example.org",
            @"/^test[0-9][0-9]*@example\.org/ second@example.org",
        ], File);
        Assert.Multiple(() =>
        {
            Assert.That(aliases, Has.Count.EqualTo(4));
            Assert.That(Expand(aliases[0], "TEST12@example.org"), Is.EqualTo("user1@example.org"));
            Assert.That(Expand(aliases[1], "a.b@old.example"), Is.EqualTo("a.b@example.org archive@example.org"));
            Assert.That(Expand(aliases[2], "exact@example.org"), Is.Null);
            Assert.That(Expand(aliases[2], "Exact@example.org"), Is.EqualTo("user1@example.org"));
            Assert.That(Expand(aliases[3], "a/b~c@example.org"), Is.EqualTo("user2@example.org"));
        });
    }

    [Test]
    public void An_aliases_file_is_of_one_domain()
    {
        var aliases = PostfixAliasesFile.Parse(
        [
            "# aliases(5)",
            "postmaster: root",
            "root:    admin@example.org,",
            "  backup",
            "abuse@other.example : root",
        ], File, "example.org");
        Assert.That(aliases.Select(static alias => alias.ToString()), Is.EqualTo(new[]
        {
            "postmaster@example.org root@example.org",
            "root@example.org admin@example.org, backup@example.org",
            "abuse@other.example root@example.org",
        }));
    }

    [Test]
    public void A_quotas_file_is_read()
    {
        var quotas = DovecotQuotasFile.Parse(["# comment", "user1@example.org:50M", " user2@example.org : 5g ", "user3@example.org:0"], File);
        Assert.That(quotas.Select(static quota => $"{quota.Address} {quota.Octets}"), Is.EqualTo(new[] { $"user1@example.org {50L << 20}", $"user2@example.org {5L << 30}", "user3@example.org " }));
    }

    [TestCase("virtual", "user1 user1@example.org", "line 1: 'user1' has no domain")]
    [TestCase("virtual", "a@example.org", "line 1: 'a@example.org' needs 1 to")]
    [TestCase("virtual", "a@example.org user", "line 1: 'user', a target of")]
    [TestCase("virtual", "\n\na@example.org |cat", "line 3: '|cat', a target of")]
    [TestCase("regexp", "if /x/", "line 1: only lines as")]
    [TestCase("regexp", "!/x/ a@example.org", "line 1: only lines as")]
    [TestCase("regexp", "/x a@example.org", "line 1: the expression has no end")]
    [TestCase("regexp", "/[[:digit:]]/ a@example.org", "line 1: POSIX classes")]
    [TestCase("regexp", "/x/m a@example.org", "line 1: flags 'm'")]
    [TestCase("regexp", "/(?!x)/ a@example.org", "line 1: '/(?!x)/' is not an expression")]
    [TestCase("regexp", "/x/", "line 1: '/x/' needs 1 to")]
    [TestCase("aliases", "root", "line 1: expected a name")]
    [TestCase("aliases", "root: |/bin/sh", "line 1: '|/bin/sh': commands")]
    [TestCase("aliases", "root: \"|/bin/sh -c x\"", "line 1: '|/bin/sh -c x': commands")]
    [TestCase("aliases", "root: /var/mail/root", "line 1: '/var/mail/root': commands")]
    [TestCase("aliases", "root: :include:/etc/list", "line 1: ':include:/etc/list': commands")]
    [TestCase("aliases", "root: \"x", "line 1: a quote has no end")]
    [TestCase("quotas", "bob:5G", "line 1: expected an e-mail address")]
    [TestCase("quotas", "bob@example.org", "line 1: expected an e-mail address")]
    [TestCase("quotas", "bob@example.org:much", "line 1: 'much' is not a size")]
    public void What_can_not_be_taken_over_is_told_with_file_and_line(string kind, string text, string problem) =>
        Assert.That(() => Parse(kind, text.Split('\n')), Throws.TypeOf<FormatException>().With.Message.StartsWith($"{File}, {problem}"));

    [Test]
    public void Long_lines_are_bounded([Values(0, 1)] int more)
    {
        // The parts are joined by one space each.
        string[] lines = ["a@example.org", .. Enumerable.Repeat(" " + new string('x', 9_999), 99), " " + new string('x', PostfixLines.MaxLine - 13 - 99 * 10_000 - 1 + more)];
        Assert.That(() => PostfixLines.Read(lines, File).ToList(), more == 0 ? Throws.Nothing : Throws.TypeOf<FormatException>().With.Message.Contains("more than 1000000 characters"));
    }

    [Test]
    public void Random_files_are_read_or_refused_by_file_and_line([Range(1, 20)] int seed, [Values("virtual", "regexp", "aliases", "quotas")] string kind)
    {
        var random = new Random(seed);
        string[] pieces = ["a@example.org", " ", "\t", ",", ":", "/", "\\", "\"", "#", "\n", "\n ", "|", "@", "example.org", "$1", "(", ")", "i", "!", "5G", "if", "[:", "é", "\r", "x"];
        for (var i = 0; i < 200; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                Parse(kind, text.Split('\n'));
            }
            catch (FormatException refusal)
            {
                Assert.That(refusal.Message, Does.StartWith($"{File}, line "));
            }
        }
    }

    [Test]
    public async Task The_alias_of_an_accounts_own_address_becomes_its_forward()
    {
        var directory = new InMemoryMailDirectory();
        var (bob, alice) = (await directory.CreateAsync(EmailAddress.Parse("bob@example.org"), null, default), await directory.CreateAsync(EmailAddress.Parse("alice@example.org"), null, default));
        var aliases = PostfixVirtualFile.Parse(
            ["bob@example.org bob@example.org,eve@elsewhere.example", "alice@example.org eve@elsewhere.example", "sales@example.org bob@example.org"], File);
        await AliasImport.RunAsync(directory, aliases, default);
        Assert.Multiple(async () =>
        {
            Assert.That((await directory.FindAccountAsync(bob, default))!.Forward, Is.EqualTo(new MailForward([], true)).Using<MailForward>(static (one, other) => one.KeepsCopy == other.KeepsCopy));
            Assert.That((await directory.FindAccountAsync(bob, default))!.Forward!.Targets.Single().ToString(), Is.EqualTo("eve@elsewhere.example"));
            Assert.That((await directory.FindAccountAsync(alice, default))!.Forward!.KeepsCopy, Is.False);
            Assert.That(await directory.ResolveAsync(EmailAddress.Parse("sales@example.org"), default), Is.TypeOf<DirectoryEntry.Alias>());
        });
    }

    private static string? Expand(MailAlias alias, string address) => alias.Expand(EmailAddress.Parse(address)) is { } found ? string.Join(' ', found) : null;

    private static object Parse(string kind, string[] lines) => kind switch
    {
        "virtual" => PostfixVirtualFile.Parse(lines, File),
        "regexp" => PostfixRegexpFile.Parse(lines, File),
        "aliases" => PostfixAliasesFile.Parse(lines, File, "example.org"),
        _ => DovecotQuotasFile.Parse(lines, File),
    };
}
