using MailCore.Tests.Scripts;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3CapabilityTests
{
    [Test]
    public async Task Every_announced_name_has_scripts_for_its_effect_and_its_refusal()
    {
        var announced = new HashSet<string>();
        foreach (var mode in new[] { TlsMode.None, TlsMode.Opportunistic, TlsMode.Required })
        {
            await using var server = new Pop3TestServer(new TlsPolicy(mode) { AllowCleartextAuthentication = true });
            server.AddUser("bob", "secret");
            await using var client = await server.OpenAsync();
            await AddAsync(announced, client);
            await client.AskAsync("USER bob");
            await client.AskAsync("PASS secret");
            await AddAsync(announced, client);
        }

        await using (var server = new Pop3TestServer { Options = { ExpireDays = 0, LoginDelay = TimeSpan.FromHours(1) } })
        {
            await using var client = await server.OpenAsync();
            await AddAsync(announced, client);
        }

        Assert.That(announced, Does.Contain("STLS").And.Contain("SASL PLAIN").And.Contain("TOP"));
        Assert.That(ScriptFiles.Uncovered("pop3", announced), Is.Empty);
    }

    private static async Task AddAsync(HashSet<string> announced, Pop3TestClient client)
    {
        await client.AskAsync("CAPA");
        foreach (var line in (await client.ReadMultilineAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            announced.UnionWith(words.Length == 1 ? words : words.Skip(1).Select(word => $"{words[0]} {word}"));
        }
    }
}
