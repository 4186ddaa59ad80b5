using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3ApopTests
{
    [Test]
    public void The_example_of_RFC_1939_has_the_digest_that_these_tests_compute() =>
        Assert.That(Digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf"), Is.EqualTo("c4c9334bac560ecc979e58001b3e22fb"));

    [Test]
    public async Task A_digest_of_the_greetings_time_stamp_opens_the_mail_drop()
    {
        await using var server = Server();
        var (client, clientStamp) = await ConnectAsync(server);
        await using var clientEnds = client;

        Assert.That(await client.AskAsync($"APOP bob {Digest(clientStamp, "secret")}"), Does.StartWith("+OK 0 messages"));
    }

    [Test]
    public async Task No_time_stamp_is_given_twice_and_the_digest_of_another_one_is_worth_nothing()
    {
        await using var server = Server();
        var (first, firstStamp) = await ConnectAsync(server);
        await using var firstEnds = first;
        var (second, secondStamp) = await ConnectAsync(server);
        await using var secondEnds = second;

        Assert.That(secondStamp, Is.Not.EqualTo(firstStamp));
        Assert.That(await second.AskAsync($"APOP bob {Digest(firstStamp, "secret")}"), Is.EqualTo("-ERR [AUTH] Wrong user name or password"));
    }

    [Test]
    public async Task An_unknown_user_a_wrong_password_and_a_wrong_PASS_get_the_same_answer_and_count_alike()
    {
        await using var server = Server();
        server.Options.MaxLoginFailures = 3;
        var (client, clientStamp) = await ConnectAsync(server);
        await using var clientEnds = client;
        var answers = new List<string>
        {
            await client.AskAsync($"APOP eve {Digest(clientStamp, "secret")}"),
            await client.AskAsync($"APOP bob {Digest(clientStamp, "wrong")}"),
        };
        await client.AskAsync("USER bob");
        answers.Add(await client.AskAsync("PASS wrong"));

        Assert.That(answers, Has.All.EqualTo("-ERR [AUTH] Wrong user name or password"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [TestCase("APOP")]
    [TestCase("APOP bob")]
    [TestCase("APOP bob c4c9334bac560ecc979e58001b3e22f")]
    [TestCase("APOP  c4c9334bac560ecc979e58001b3e22fb")]
    public async Task A_malformed_one_is_no_failed_login(string command)
    {
        await using var server = Server();
        var (client, clientStamp) = await ConnectAsync(server);
        await using var clientEnds = client;

        Assert.That(await client.AskAsync(command), Is.EqualTo("-ERR APOP needs a name and a digest"));
        Assert.That(await client.AskAsync($"APOP bob {Digest(clientStamp, "secret")}"), Does.StartWith("+OK"));
    }

    [Test]
    public async Task It_is_off_by_default_and_where_no_passwords_are_kept()
    {
        await using var off = new Pop3TestServer();
        off.AddUser("bob", "secret");
        var (client, timestamp) = await ConnectAsync(off);
        await using var clientEnds = client;
        Assert.That(timestamp, Is.Empty);
        Assert.That(await client.AskAsync("APOP bob c4c9334bac560ecc979e58001b3e22fb"), Is.EqualTo("-ERR APOP is not offered here"));

        await using var without = new Pop3TestServer { Options = { UseApop = true } };
        without.AddUser("bob", "secret");
        var (other, otherStamp) = await ConnectAsync(without);
        await using var otherEnds = other;
        Assert.That(await other.AskAsync($"APOP bob {Digest(otherStamp, "secret")}"), Does.StartWith("-ERR"));
    }

    [Test]
    public async Task It_waits_for_tls_where_logins_do()
    {
        await using var server = Server(new TlsPolicy(TlsMode.Opportunistic));
        var (client, clientStamp) = await ConnectAsync(server);
        await using var clientEnds = client;

        Assert.That(await client.AskAsync($"APOP bob {Digest(clientStamp, "secret")}"), Is.EqualTo("-ERR Logins need TLS here: issue STLS first"));
    }

    private static Pop3TestServer Server(TlsPolicy? policy = null)
    {
        var server = new Pop3TestServer(policy) { Options = { UseApop = true } };
        server.KeepPasswords();
        server.AddUser("bob", "secret");
        return server;
    }

    private static async Task<(Pop3TestClient Client, string Timestamp)> ConnectAsync(Pop3TestServer server)
    {
        var (connection, session) = server.Connect();
        var client = new Pop3TestClient(connection, session);
        return (client, Regex.Match((await client.ReadLineAsync())!, "<.+>$").Value);
    }

    private static string Digest(string timestamp, string password) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, Encoding.UTF8.GetBytes(timestamp + password)));
}
