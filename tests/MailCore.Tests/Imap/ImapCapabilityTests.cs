using MailCore.Tests.Scripts;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapCapabilityTests
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
    public async Task No_referrals_and_no_preauth_are_announced()
    {
        await using var server = new ImapTestServer();
        var (connection, session) = server.Connect();
        await using var client = new ImapTestClient(connection, session);
        var greeting = await client.ReadLineAsync();
        Assert.That(greeting, Does.StartWith("* OK [CAPABILITY ").And.Not.Contain("REFERRAL"));
    }

    // Before login under each policy, and after it.
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

        return all;
    }

    private static HashSet<string> Names(IReadOnlyList<string> responses) =>
        [.. responses.Single(static response => response.StartsWith("* CAPABILITY ", StringComparison.Ordinal)).Split(' ')[2..]];
}
