using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

public class SmartHostSettingsTests
{
    [Test]
    public async Task Mail_Relay_is_read_from_the_configuration()
    {
        var options = await ApplyAsync(
            ("Enabled", "true"), ("HelloName", "out.example.org"), ("MaxRecipients", "7"), ("PrefersChunking", "false"), ("BindAddresses:0", "192.0.2.1"), ("BindAddressesByHop:example.net", "192.0.2.2"),
            ("SmartHosts:0:Host", "[smtp.example.net]:465"), ("SmartHosts:0:User", "u"), ("SmartHosts:0:Password", "p"), ("SmartHosts:0:Tls", "encrypt"),
            ("SmartHosts:1:Host", "relay.example"), ("SmartHosts:1:Senders:0", "one.example"), ("SmartHosts:1:Recipients:0", ".two.example"),
            ("DirectRecipients:0", "three.example"), ("SenderLogins:0:Sender", "four.example"), ("SenderLogins:0:User", "f"), ("SenderLogins:0:Password", "g"));

        var host = options.SmartHosts.Default!;
        Assert.That((options.HelloName, options.MaxRecipients, options.PrefersChunking), Is.EqualTo(("out.example.org", 7, false)));
        Assert.That((options.BindAddresses.Single().ToString(), options.BindAddressesByHop["example.net"].ToString()), Is.EqualTo(("192.0.2.1", "192.0.2.2")));
        Assert.That((host.Host, host.Port, host.IsImplicit, host.UsesMx, host.Tls, host.Login!.User, host.Login.Password),
            Is.EqualTo(("smtp.example.net", 465, true, false, (OutboundTlsLevel?)OutboundTlsLevel.Encrypt, "u", "p")));
        Assert.That(Hop(options, "a@one.example", "x@any.example"), Is.EqualTo("relay.example:587"));
        Assert.That(Hop(options, "a@any.example", "x@sub.two.example"), Is.EqualTo("relay.example:587"));
        Assert.That(Hop(options, "a@any.example", "x@three.example"), Is.EqualTo("three.example:25"));
        Assert.That(options.SmartHosts.FindLogin(host, new ReversePath(EmailAddress.Parse("a@four.example")))!.User, Is.EqualTo("f"));
    }

    [TestCase("SmartHosts:0:Host", "[]:25", "no smart host")]
    [TestCase("SmartHosts:0:Host", "lmtp:[localhost]:24", "no smart host")]
    [TestCase("SmartHosts:0:Tls", "sometimes", "none of None, Opportunistic")]
    [TestCase("SmartHosts:0:User", "u", "a login takes both")]
    [TestCase("SmartHosts:0:BindAddress", "x", "no IP address")]
    [TestCase("BindAddresses:0", "x", "no IP address")]
    [TestCase("MaxRecipients", "0", "1 to 1,000")]
    [TestCase("HelloName", "a b", "not a host name")]
    [TestCase("RelayMapFile", "/nowhere/relaymap.cf", "can't be read")]
    [TestCase("AuthoritiesFile", "/nowhere/ca.pem", "can't be read")]
    [TestCase("SenderLogins:0:Sender", "x", "needs a Sender, a User and a Password")]
    public void What_is_wrong_there_is_a_problem_of_the_start(string key, string value, string problem) => Assert.That(
        () => ApplyAsync((key, value), ("SmartHosts:0:Host", "[smtp.example.net]:587")),
        Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem));

    [TestCase("Srs:Domain", "example.org", "needs a secret")]
    [TestCase("Srs:Secrets:0", "a secret of some length", "no domain for SRS")]
    [TestCase("Srs:HashLength", "3", "SRS")]
    public void What_is_wrong_with_SRS_is_a_problem_of_the_start(string key, string value, string problem) =>
        Assert.That(() => ApplyAsync((key, value)), Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem));

    [Test]
    public async Task Rewritten_senders_can_be_written_to_by_anybody_and_forged_ones_by_nobody()
    {
        const string Secret = "a secret of some length";
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [KeyValuePair.Create("Relay:Srs:Domain", (string?)"example.org"), KeyValuePair.Create("Relay:Srs:Secrets:0", (string?)Secret)]).Build();
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.Apply(MailServerSettings.Read(configuration)).UseInMemoryStore().UseSelfSignedCertificate().AddAccount("bob@example.org", "secret").ListenSmtp(0).On(System.Net.IPAddress.Loopback);
            mail.Routing.RelaysOutward = true;
        });
        var rewritten = new SenderRewriting(new SrsOptions { Domain = "example.org", Secrets = [Secret] }).Forward(From("alice@example.com")).ToString();
        using var client = new System.Net.Sockets.TcpClient("127.0.0.1", server.Endpoints[0].Port);
        using var reader = new StreamReader(client.GetStream());
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"HELO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<{rewritten}>\r\nRCPT TO:<{rewritten.Replace("alice", "mallory", StringComparison.Ordinal)}>\r\nQUIT\r\n"));
        var replies = await reader.ReadToEndAsync().WaitAsync(RelayTestClient.Hang);

        Assert.That(replies.Split("\r\n")[3..5], Is.EqualTo(new[] { "250 2.1.5 Recipient OK", "550 5.1.1 This rewritten address is not ours, or too old" }), replies);
    }

    [Test]
    public void A_misspelt_key_is_told() => Assert.That(
        () => ApplyAsync(("SmartHosts:0:Hots", "x")), Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains("Hots"));

    [Test]
    public void Docker_mailserver_s_files_are_read()
    {
        var hosts = new SmartHostOptions();

        Assert.That(PostfixRelayFiles.ReadRelayMap("# a comment\n\n@one.example\t[relay.one.example]:587\r\nboss@one.example  relay.boss.example\n@two.example\n", hosts), Is.Null);
        Assert.That(PostfixRelayFiles.ReadPasswords("@one.example user:pass:word\n[relay.boss.example]:25 nobody:x\nrelay.boss.example:25 boss:secret\n", hosts), Is.Null);

        Assert.That(hosts.Find(From("a@one.example"), To("x@any.example")).ToString(), Is.EqualTo("[relay.one.example]:587"));
        Assert.That(hosts.Find(From("boss@one.example"), To("x@any.example")).ToString(), Is.EqualTo("relay.boss.example:25"));
        Assert.That(hosts.Find(From("a@two.example"), To("x@any.example")).ToString(), Is.EqualTo("any.example:25"));
        Assert.That(hosts.FindLogin(hosts.BySender["one.example"], From("a@one.example")) is { User: "user", Password: "pass:word" });
        Assert.That(hosts.BySender["boss@one.example"]!.Login is { User: "boss", Password: "secret" });
    }

    [TestCase("@one.example user", "line 1 is not of the form")]
    [TestCase("\n@one.example :secret", "line 2 is not of the form")]
    [TestCase("[] user:secret", "neither a sender nor a relay host")]
    public void What_is_wrong_in_a_file_of_passwords_is_told_without_them(string text, string problem) =>
        Assert.That(PostfixRelayFiles.ReadPasswords(text, new SmartHostOptions()), Does.Contain(problem).And.Not.Contain("secret"));

    [TestCase("smtp.relay.example", null, "[smtp.relay.example]:25")]
    [TestCase("[smtp.relay.example]", "587", "[smtp.relay.example]:587")]
    public void Docker_mailserver_s_variables_are_for_senders_of_ours(string host, string? port, string hop)
    {
        var variables = new Dictionary<string, string?>
        {
            ["RELAY_HOST"] = host,
            ["RELAY_PORT"] = port,
            ["RELAY_USER"] = "u",
            ["RELAY_PASSWORD"] = "p",
            ["DEFAULT_RELAY_HOST"] = "[smart.example]:26",
        };
        var hosts = new SmartHostOptions();
        hosts.BySender["kept.example"] = null;

        Assert.That(PostfixRelayFiles.ReadVariables(variables.GetValueOrDefault, ["ours.example", "kept.example"], hosts), Is.Null);

        Assert.That(hosts.Find(From("a@ours.example"), To("x@any.example")).ToString(), Is.EqualTo(hop));
        Assert.That(hosts.Find(From("a@kept.example"), To("x@any.example")).ToString(), Is.EqualTo("any.example:25"));
        Assert.That(hosts.Find(From("a@stranger.example"), To("x@any.example")).ToString(), Is.EqualTo("[smart.example]:26"));
        Assert.That(hosts.BySender["ours.example"]!.Login is { User: "u", Password: "p" });
    }

    [Test]
    public void A_login_shows_no_secret() =>
        Assert.That(new SmartHost { Host = "h", Login = new SmartHostLogin { User = "u", Password = "secret" } }.ToString(), Does.Not.Contain("secret"));

    private static string Hop(RelayClientOptions options, string sender, string recipient) => options.SmartHosts.Find(From(sender), To(recipient)).ToString();

    private static ReversePath From(string address) => new(EmailAddress.Parse(address));

    private static EmailAddress To(string address) => EmailAddress.Parse(address);

    private static async Task<RelayClientOptions> ApplyAsync(params (string Key, string Value)[] keys)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(keys.DistinctBy(static one => one.Key).Select(static one => KeyValuePair.Create("Relay:" + one.Key, (string?)one.Value))).Build();
        RelayClientOptions? options = null;
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.Apply(MailServerSettings.Read(configuration)).UseInMemoryStore().UseSelfSignedCertificate().ListenSmtp(0).On(System.Net.IPAddress.Loopback);
            options = mail.RelayClient;
        });
        return options!;
    }
}
