using System.Globalization;
using System.Text.RegularExpressions;
using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Scripts;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class ImapCapabilityTests
{
    [Test]
    public async Task Every_announced_name_has_scripts_for_its_effect_and_its_refusal()
    {
        var announced = new HashSet<string>();
        foreach (var names in await AnnouncementsAsync())
        {
            announced.UnionWith(names);
        }

        Assert.That(announced, Has.Count.GreaterThan(10));
        Assert.That(ScriptFiles.Uncovered("imap", announced), Is.Empty);
    }

    [Test]
    public async Task Literal_minus_and_literal_plus_are_never_announced_together()
    {
        foreach (var names in await AnnouncementsAsync())
        {
            Assert.That(names.Contains("LITERAL-") ^ names.Contains("LITERAL+"), Is.True, string.Join(' ', names));
        }
    }

    [Test]
    public async Task One_limit_of_messages_is_announced_at_the_most()
    {
        var announced = (await AnnouncementsAsync()).Select(static names => names.Where(static name => name.Contains("LIMIT=", StringComparison.Ordinal) && !name.StartsWith("APPEND", StringComparison.Ordinal)));
        Assert.That(announced.Select(static names => string.Join(' ', names)).Where(static names => names.Length > 0), Is.EqualTo(new[] { "MESSAGELIMIT=3", "MESSAGELIMIT=3", "SAVELIMIT=2" }));
    }

    [Test]
    public async Task No_referrals_and_no_preauth_are_announced()
    {
        await using var server = new ImapTestServer();
        var (connection, session) = server.Connect();
        await using var client = new ImapTestClient(connection, session);
        var greeting = await client.ReadLineAsync();
        Assert.That(greeting, Does.StartWith("* OK [CAPABILITY ").And.Not.Contain("REFERRAL"));
    }

    [Test]
    public async Task The_names_of_the_registry_are_counted_as_they_are_announced()
    {
        var announced = (await AnnouncementsAsync()).SelectMany(static names => names).ToHashSet();
        var page = await File.ReadAllTextAsync(Path.Combine(ScriptFiles.Root, "..", "..", "docs", "imap.md"));
        var section = Section().Match(page);
        var here = Name().Matches(section.Groups["here"].Value).Select(static match => match.Groups[1].Value).ToList();
        var leftOut = LeftOut().Matches(section.Groups["rest"].Value).SelectMany(static match => match.Groups[1].Value.Split(", ")).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(here, Is.Unique.And.Ordered);
            Assert.That(here.Where(name => !IsAmong(announced, name)), Is.Empty, "Not announced.");
            Assert.That(leftOut.Where(name => IsAmong(announced, name)), Is.Empty, "Announced after all.");
            Assert.That(announced.Where(name => !here.Exists(known => IsAmong([name], known))), Is.Empty, "Not on the page.");
            Assert.That(here, Has.Count.EqualTo(int.Parse(section.Groups["count"].Value, CultureInfo.InvariantCulture)));
            Assert.That(here.Count + leftOut.Count, Is.EqualTo(int.Parse(section.Groups["all"].Value, CultureInfo.InvariantCulture)));
        });
    }

    // What takes a value has its '=' at the end.
    private static bool IsAmong(IEnumerable<string> announced, string name) =>
        announced.Any(known => name.EndsWith('=') ? known.StartsWith(name, StringComparison.Ordinal) : known == name);

    [GeneratedRegex(@"## The registry\n.*?(?<all>\d+) names.*?(?<count>\d+) are announced:\n(?<here>.*?)\n\n(?<rest>.*?)\n## ", RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex(@"`([^`]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\| ([A-Z][^|a-z]*?) \|", RegexOptions.Multiline)]
    private static partial Regex LeftOut();

    // Before login under each policy, after it, and with all that is off by default.
    private static async Task<List<HashSet<string>>> AnnouncementsAsync()
    {
        var all = new List<HashSet<string>>();
        foreach (var mode in new[] { TlsMode.None, TlsMode.Opportunistic, TlsMode.Required })
        {
            foreach (var cleartext in new[] { false, true })
            {
                await using var server = new ImapTestServer { Tls = new TlsPolicy(mode) { AllowCleartextAuthentication = cleartext } };
                await server.AddUserAsync();
                await using var client = await server.ClientAsync();
                all.Add(Names(await client.OkAsync("CAPABILITY")));
                if (cleartext && mode != TlsMode.Required)
                {
                    await client.OkAsync("LOGIN bob secret");
                    all.Add(Names(await client.OkAsync("CAPABILITY")));
                }
            }
        }

        all.Add(await FullAnnouncementAsync());
        foreach (var options in new Action<ImapOptions>[] { static options => options.MessageLimit = 3, static options => (options.MessageLimit, options.SaveLimit) = (3, 2), static options => options.SaveLimit = 2 })
        {
            await using var server = new ImapTestServer();
            options(server.Options);
            await server.AddUserAsync();
            await using var client = await server.ClientAsync();
            await client.OkAsync("LOGIN bob secret");
            all.Add(Names(await client.OkAsync("CAPABILITY")));
        }

        return all;
    }

    private static async Task<HashSet<string>> FullAnnouncementAsync()
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-capabilities-").FullName;
        try
        {
            await using var store = SqliteMailStore.Open(folder, new SqliteStoreOptions { SurvivesPowerLoss = false, FullTextSearch = true });
            await using var server = new ImapTestServer();
            server.UseStore(store);
            server.Authorization = new QuotaAdministrators(new AclAuthorization(server.Accounts));
            await server.AddUserAsync();
            await using var client = await server.ClientAsync();
            await client.OkAsync("LOGIN bob secret");
            return Names(await client.OkAsync("CAPABILITY"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static HashSet<string> Names(IReadOnlyList<string> responses) =>
        [.. responses.Single(static response => response.StartsWith("* CAPABILITY ", StringComparison.Ordinal)).Split(' ')[2..]];

    private sealed class QuotaAdministrators(AclAuthorization rules) : IMailboxAuthorization
    {
        public bool ObeysAcl => true;

        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) =>
            rules.GetRightsAsync(user, account, mailbox, acl, cancellationToken);

        public bool MaySetQuota(MailIdentity user, AccountId account) => true;
    }
}
