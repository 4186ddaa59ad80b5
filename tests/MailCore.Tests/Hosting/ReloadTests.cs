using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using MailCore.Hosting;
using MailCore.Tests.Pop3;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

/// <summary>A configuration that is read anew: each row of the table in docs/appliance.md, through the protocol where it shows there.</summary>
[CancelAfter(120_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ReloadTests : IDisposable
{
    private readonly CollectedLog _log = new();
    private readonly Dictionary<string, string?> _keys = new()
    {
        ["HostName"] = "mx.example.org",
        ["Domains:0"] = "example.org",
        ["Relay:Enabled"] = "false",
        ["Accounts:0:Address"] = "bob@example.org",
        ["Accounts:0:Password"] = "secret",
        ["Listeners:0:Role"] = "Smtp",
        ["Listeners:0:Port"] = "0",
        ["Listeners:0:Address"] = "localhost",
        ["Listeners:0:Tls"] = "None",
        ["Listeners:1:Role"] = "Imap",
        ["Listeners:1:Port"] = "0",
        ["Listeners:1:Address"] = "localhost",
        ["Listeners:1:Tls"] = "None",
        ["Listeners:1:AllowCleartextAuthentication"] = "true",
    };

    private MailServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await MailServer.StartAsync(mail =>
    {
        Configure(mail);
        mail.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(_log));
    });

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    public void Dispose() => _log.Dispose();

    [TestCase("Domains:1", "new.example", "anybody@new.example", "550 5.7.1", "550 5.1.1")]
    [TestCase("Accounts:1:Address", "alice@example.org", "alice@example.org", "550 5.1.1", "250")]
    [TestCase("Aliases:0:Address=info@example.org;Aliases:0:Targets:0", "bob@example.org", "info@example.org", "550 5.1.1", "250")]
    [TestCase("RelayDomains:0:Name=passed.example;RelayDomains:0:Via=[127.0.0.1]:9;Routing:VerifiesRelayRecipients", "", "x@passed.example", "550 5.7.1", "250")]
    [TestCase("Routing:SubaddressDelimiters", "-", "bob-tag@example.org", "550 5.1.1", "250")]
    [TestCase("Routing:Postmaster", "bob@example.org", "postmaster", "550 5.1.1", "250")]
    [TestCase("AllowSubmissionFrom:0", "127.0.0.0/8", "x@elsewhere.example", "550 5.7.1 Relay not permitted", "550 5.7.1 This server delivers to its own users only")]
    [TestCase("Filters:RefusedRecipients:0", "^bob@", "bob@example.org", "250", "550 5.7.1")]
    public async Task What_is_in_effect_at_once_shows_at_RCPT(string keys, string value, string recipient, string before, string after)
    {
        Assert.That(await RecipientAsync(recipient), Does.StartWith(before));
        await using var other = await SessionAsync();
        var named = Set(keys, value);

        var report = await ReloadAsync();

        Assert.That(await RecipientAsync(recipient), Does.StartWith(after));
        Assert.That(await other.AskAsync("NOOP"), Does.StartWith("250"), "a session goes on");
        Assert.That(report.Changed.Concat(report.Pending), Is.EquivalentTo(named));
        Assert.That(report.Pending, Is.SubsetOf(new[] { "Routing:VerifiesRelayRecipients" }));
    }

    [Test]
    public async Task What_is_taken_out_is_gone_at_once()
    {
        Set("Aliases:0:Address=info@example.org;Aliases:0:Targets:0", "bob@example.org");
        Set("Domains:1", "new.example");
        await ReloadAsync();
        Assert.That(await RecipientAsync("info@example.org"), Does.StartWith("250"));

        _keys.Remove("Aliases:0:Address");
        _keys.Remove("Aliases:0:Targets:0");
        _keys.Remove("Domains:1");
        var report = await ReloadAsync();

        Assert.That(await RecipientAsync("info@example.org"), Does.StartWith("550 5.1.1"));
        Assert.That(await RecipientAsync("x@new.example"), Does.StartWith("550 5.7.1"));
        Assert.That(report.Changed, Is.EqualTo(new[] { "Aliases:0:Address", "Aliases:0:Targets:0", "Domains:1" }));
    }

    [Test]
    public async Task Sizes_are_those_of_new_sessions_and_sessions_under_way_keep_theirs()
    {
        await using var old = await SessionAsync();
        Set("MaxMessageSize", "12345");

        await ReloadAsync();

        await using var fresh = await SessionAsync();
        Assert.That(await old.AskAsync("MAIL FROM:<a@example.com> SIZE=20000"), Does.StartWith("250"));
        Assert.That(await fresh.AskAsync("MAIL FROM:<a@example.com> SIZE=20000"), Does.StartWith("552"));
        await using var imap = await Peer.ConnectAsync(_server.Endpoints["imap"].Port);
        await imap.AskAsync("a LOGIN bob@example.org secret");
        Assert.That(await imap.AskAsync("b CAPABILITY"), Does.Contain(" APPENDLIMIT=12345"));
    }

    [Test]
    public async Task Limits_of_connections_are_those_of_the_next_connection()
    {
        await using var first = await SessionAsync();
        Set("MaxConnectionsPerAddress", "1");
        await ReloadAsync();

        await using (var second = await Peer.ConnectAsync(_server.Endpoints["smtp"].Port))
            Assert.That(second.Greeting, Does.StartWith("421 "));

        Set("MaxConnectionsPerAddress", "9");
        Set("MaxConnections", "1");
        await ReloadAsync();
        await using (var third = await Peer.ConnectAsync(_server.Endpoints["smtp"].Port))
            Assert.That(third.Greeting, Does.StartWith("421 "));

        Assert.That(_server.IsFull);
        Assert.That(await first.AskAsync("NOOP"), Does.StartWith("250"));
    }

    [Test]
    public async Task Master_users_are_those_of_the_new_configuration()
    {
        Set("MasterUsers:0:Name=mover;MasterUsers:0:Password", "a password for moving");
        await ReloadAsync();
        Assert.That(await LogInAsync("bob@example.org*mover", "a password for moving"), Does.Contain("a OK"));

        Set("MasterUserSeparator", "%");
        await ReloadAsync();
        Assert.That(await LogInAsync("bob@example.org%mover", "a password for moving"), Does.Contain("a OK"));

        _keys.Remove("MasterUsers:0:Name");
        _keys.Remove("MasterUsers:0:Password");
        await ReloadAsync();
        Assert.That(await LogInAsync("bob@example.org%mover", "a password for moving"), Does.Contain("a NO"));
        Assert.That(_log.Lines.Select(static line => line.Text), Has.None.Contains("a password for moving"));
    }

    [Test]
    public async Task Subaddresses_lead_into_mailboxes_as_configured()
    {
        await using var imap = await Peer.ConnectAsync(_server.Endpoints["imap"].Port);
        await imap.AskAsync("a LOGIN bob@example.org secret");
        Assert.That(await imap.AskAsync("b CREATE Lists"), Does.Contain("b OK"));
        Assert.That(await imap.AskAsync("c SETACL Lists anyone p"), Does.Contain("c OK"));
        await DeliverAsync("bob+lists@example.org");
        Assert.That(await imap.AskAsync("d STATUS Lists (MESSAGES)"), Does.Contain("(MESSAGES 0)"));
        Set("Routing:SubaddressMailboxes", "true");

        await ReloadAsync();

        await DeliverAsync("bob+lists@example.org");
        Assert.That(await imap.AskAsync("e STATUS Lists (MESSAGES)"), Does.Contain("(MESSAGES 1)"));
    }

    [Test]
    public async Task The_relays_smart_hosts_and_times_are_those_of_the_next_message()
    {
        await _server.DisposeAsync();
        Set("Relay:Enabled", "true");
        Set("AllowSubmissionFrom:0", "127.0.0.0/8");
        Set("Relay:SmartHosts:0:Host", "[127.0.0.1]:9");
        await StartAsync();
        await DeliverAsync("one@elsewhere.example");

        Set("Relay:SmartHosts:0:Host", "[127.0.0.2]:9");
        Set("Relay:MinimumDelay", "05:00:00");
        Set("Relay:MaximumDelay", "05:00:00");
        Set("Relay:MaxConnections", "7");
        var report = await ReloadAsync();
        await DeliverAsync("two@elsewhere.example");

        var queue = _server.Relay!.Queue;
        var items = await queue.ListAsync(MailCore.Relay.QueueFilter.All, default);
        for (var i = 0; i < 300 && items.Any(static item => item.LastReply is null || item.IsLeased); i++)
        {
            await Task.Delay(100);
            items = await queue.ListAsync(MailCore.Relay.QueueFilter.All, default);
        }

        Assert.That(items.Select(static item => item.Destination), Is.EqualTo(new[] { "[127.0.0.1]:9", "[127.0.0.2]:9" }), "what waits keeps its way");
        Assert.That(items[1].NextAttempt - items[1].AcceptedAt, Is.GreaterThan(TimeSpan.FromHours(4)));
        Assert.That((report.Changed, report.Pending), Is.EqualTo(
            ((IReadOnlyList<string>)["Relay:MaximumDelay", "Relay:MinimumDelay", "Relay:SmartHosts:0:Host"], (IReadOnlyList<string>)["Relay:MaxConnections"])).UsingPropertiesComparer());
    }

    [TestCase("HostName", "other.example.org")]
    [TestCase("DataFolder", "/elsewhere")]
    [TestCase("FullTextSearch", "true")]
    [TestCase("SharedAccount", "bob@example.org")]
    [TestCase("Routing:VerifiesRelayRecipients", "false")]
    [TestCase("Tls:MinimumVersion", "1.3")]
    [TestCase("Relay:Enabled", "true")]
    [TestCase("Relay:MaxConnections", "7")]
    [TestCase("Relay:MaxConnectionsPerDestination", "7")]
    [TestCase("Relay:Dane", "true")]
    [TestCase("Relay:MtaSts", "true")]
    [TestCase("Relay:Tls", "Encrypt")]
    [TestCase("Relay:TlsByDomain:example.com", "Verify")]
    [TestCase("Relay:DnsServers:0", "127.0.0.1:53")]
    [TestCase("Relay:TrustDnssec", "true")]
    [TestCase("Relay:Srs:HashLength", "6", "Relay:Srs:Domain=example.org;Relay:Srs:Secrets:0=a secret of some length")]
    [TestCase("Certificate:File", "other.pem")]
    [TestCase("Preset", "DockerMailserver")]
    [TestCase("Listeners:0:Port", "2526")]
    [TestCase("Listeners:0:ProxyFrom:0", "127.0.0.1")]
    [TestCase("Listeners:0:XClientFrom:0", "127.0.0.1")]
    [TestCase("Listeners:1:AllowCleartextAuthentication", "false")]
    public async Task What_waits_for_a_restart_is_told_and_nothing_of_it_shows(string key, string value, string? before = null)
    {
        if (before is not null)
        {
            await StopAsync();
            Set(before, "");
            await StartAsync();
        }

        var (places, modes) = (_server.Endpoints.Select(static endpoint => endpoint.EndPoint).ToList(), _server.Endpoints.Select(static endpoint => endpoint.Tls).ToList());
        Set(key, value);

        var (first, second) = (await ReloadAsync(), await ReloadAsync());

        Assert.That((first.Changed, first.Pending), Is.EqualTo(((IReadOnlyList<string>)[], (IReadOnlyList<string>)[key])).UsingPropertiesComparer());
        Assert.That(second.Pending, Is.EqualTo(new[] { key }), "until the restart");
        Assert.That(_log.Lines, Has.Exactly(2).Matches<(LogLevel Level, string Text)>(line => line.Level == LogLevel.Warning && line.Text.Contains($"in effect only after a restart: {key}", StringComparison.Ordinal)));
        Assert.That(_log.Lines.Where(static line => line.Level == LogLevel.Warning).Select(static line => line.Text), Has.None.Contains("other.example.org"), "values may be secret");
        Assert.That(_server.Endpoints.Select(static endpoint => endpoint.EndPoint), Is.EqualTo(places));
        Assert.That(_server.Endpoints.Select(static endpoint => endpoint.Tls), Is.EqualTo(modes));
        await using var session = await SessionAsync();
        Assert.That(session.Greeting, Does.StartWith("220 mx.example.org "));
        Assert.That(await LogInAsync("bob@example.org", "secret"), Does.Contain("a OK"));
    }

    [Test]
    public async Task A_host_name_that_waits_does_not_show_beside_what_is_in_effect()
    {
        Set("HostName", "other.example.org");
        Set("MaxMessageSize", "12345");

        var report = await ReloadAsync();

        Assert.That(report.Changed, Is.EqualTo(new[] { "MaxMessageSize" }));
        await using var session = await SessionAsync();
        Assert.That(session.Greeting, Does.StartWith("220 mx.example.org "));
        Assert.That(session.Hello, Does.Contain("SIZE 12345"));
    }

    [Test]
    public async Task What_belongs_to_listeners_waits_with_them()
    {
        Set("Listeners:2:Role", "Lmtp");
        Set("MaxMessageSize", "12345");
        Set("AllowSubmissionFrom:0", "127.0.0.0/8");
        Set("Aliases:0:Address=info@example.org;Aliases:0:Targets:0", "bob@example.org");

        var report = await ReloadAsync();

        Assert.That(report.Changed, Is.EqualTo(new[] { "Aliases:0:Address", "Aliases:0:Targets:0" }));
        Assert.That(report.Pending, Is.EqualTo(new[] { "AllowSubmissionFrom:0", "Listeners:2:Role", "MaxMessageSize" }));
        await using var session = await SessionAsync();
        Assert.That(session.Hello, Does.Not.Contain("SIZE 12345"));
        Assert.That(await RecipientAsync("x@elsewhere.example"), Does.Contain("Relay not permitted"));
    }

    [TestCase("MaxConnections", "0", "MaxConnections is 0")]
    [TestCase("MaxMessageSize", "0", "MaxMessageSize is 0")]
    [TestCase("Aliases:0:Address", "info@example.org", "Aliases:0 needs an Address and at least one of Targets")]
    [TestCase("AllowSubmissionFrom:0", "0.0.0.0/0", "open relay")]
    [TestCase("Listeners:0:Tls", "Required", "needs a certificate")]
    [TestCase("Listeners:1:Address", "*", "would accept passwords in cleartext from the network")]
    [TestCase("Filters:RefusedSenders:0", "(", "Filters:")]
    [TestCase("Filters:Dnsbl:0", "not a zone", "no DNS list")]
    [TestCase("Filters:MessagesPerHourFromAddress", "0", "must be 1 or more")]
    [TestCase("Filters:GreetingDelay", "00:00:00", "longer than nothing")]
    [TestCase("MasterUsers:0:Name", "mover", "either a Password or a PasswordHash")]
    [TestCase("Misspelt", "x", "Unknown configuration key")]
    [TestCase("Relay:SmartHosts:0:Host", "[]:25", "no smart host")]
    public async Task A_configuration_that_is_wrong_is_refused_as_a_whole(string key, string value, string problem)
    {
        var before = _keys.GetValueOrDefault(key);
        Set(key, value);
        Set("Domains:1", "new.example");
        Set("Accounts:1:Address", "alice@example.org");

        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(ReloadAsync);

        Assert.That(error!.Message, Does.Contain(problem));
        Assert.That(await RecipientAsync("x@new.example"), Does.StartWith("550 5.7.1"));
        Assert.That(await RecipientAsync("alice@example.org"), Does.StartWith("550 5.1.1"));
        Assert.That(await LogInAsync("bob@example.org", "secret"), Does.Contain("a OK"));
        if (key != "Misspelt")
            Assert.That(_log.Lines, Has.One.Matches<(LogLevel Level, string Text)>(line => line.Level == LogLevel.Error && line.Text.Contains("is refused, and the old one goes on", StringComparison.Ordinal)));

        _keys.Remove(key);
        if (before is not null)
            _keys[key] = before;

        Assert.That((await ReloadAsync()).Changed, Is.EqualTo(new[] { "Accounts:1:Address", "Domains:1" }), "and the next one that is right is taken");
        Assert.That(await RecipientAsync("alice@example.org"), Does.StartWith("250"));
    }

    [Test]
    public async Task Nothing_changed_is_said_and_changes_nothing()
    {
        var protocol = _server.Endpoints["smtp"].Protocol;

        var report = await ReloadAsync();

        Assert.That(report.Changed.Concat(report.Pending), Is.Empty);
        Assert.That(_server.Endpoints["smtp"].Protocol, Is.SameAs(protocol), "filters keep what they know");
        Assert.That(_log.Lines.Select(static line => line.Text), Has.Some.Contains("nothing of the configuration has changed"));
    }

    [Test]
    public async Task A_host_that_configures_in_code_reloads_too()
    {
        await using var server = await MailServer.StartAsync(static mail => mail.UseInMemoryStore().AddAccount("bob@example.org").ListenSmtp(0).UseCleartext().On(IPAddress.Loopback));

        var report = await server.ReloadAsync(static mail =>
        {
            mail.UseInMemoryStore().AddAccount("bob@example.org").AddAlias("info@example.org", "bob@example.org");
            mail.ListenSmtp(0, static smtp => smtp.Options.MaxMessageSize = 12345).UseCleartext().On(IPAddress.Loopback);
        });
        var listeners = await server.ReloadAsync(static mail => mail.UseInMemoryStore().AddAccount("bob@example.org").ListenSmtp(0).UseCleartext());

        Assert.That((report.Changed.Count, report.Pending.Count), Is.EqualTo((0, 0)));
        Assert.That(listeners.Pending, Is.EqualTo(new[] { "Listeners" }));
        await using var session = await Peer.ConnectAsync(server.Endpoints["smtp"].Port);
        Assert.That(await session.HelloAsync(), Does.Contain("SIZE 12345"));
    }

    [Test]
    public async Task A_server_whose_endpoints_others_carry_reloads_too()
    {
        await using var server = await MailServer.StartAsync(static mail => mail.UseInMemoryStore().HasCarriedEndpoints = true);
        var endpoint = server.AddCarried(static () => new IPEndPoint(IPAddress.Loopback, 25), static mail => mail.ListenSmtp(0).UseCleartext());
        var protocol = endpoint.Protocol;

        var report = await server.ReloadAsync(static mail => mail.UseInMemoryStore().AddAlias("info@example.org", "bob@example.org"));

        Assert.That(report.Pending, Is.Empty);
        Assert.That(endpoint.Protocol, Is.SameAs(protocol));
    }

    [Test]
    public async Task Reloads_at_the_same_time_take_turns()
    {
        Set("Domains:1", "new.example");

        var reports = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ReloadAsync()));

        Assert.That(reports.Count(static report => report.Changed.Count > 0), Is.EqualTo(1));
        Assert.That(await RecipientAsync("x@new.example"), Does.StartWith("550 5.1.1"));
    }

    [Test]
    public void Every_key_has_a_rule()
    {
        var roots = typeof(MailServerSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(static property => property.Name);
        var relay = typeof(RelaySettings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(static property => $"Relay:{property.Name}");

        Assert.That(roots.Where(static key => !ReloadRules.All.Any(rule => rule.Covers(key))), Is.Empty);
        Assert.That(ReloadRules.All.Select(static rule => rule.Key.Split(':')[0]).Except(roots), Is.Empty, "a rule for nothing");
        Assert.That(ReloadRules.All.Select(static rule => rule.Key).Where(static key => key.StartsWith("Relay:", StringComparison.Ordinal)).Except(relay), Is.Empty);
        Assert.That(ReloadRules.IsLive("Relay:SmartHosts:0:Host"));
        Assert.That(ReloadRules.IsLive("Relay:MaxConnections"), Is.False);
        Assert.That(ReloadRules.IsLive("Unheard:Of"), Is.False);
    }

    private void Configure(MailServerBuilder mail)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(_keys.Select(static pair => KeyValuePair.Create($"Mail:{pair.Key}", pair.Value))).Build();
        mail.Apply(MailServerSettings.Read(configuration.GetSection("Mail"))).UseInMemoryStore();
    }

    private Task<ReloadReport> ReloadAsync() => _server.ReloadAsync(Configure);

    /// <summary>"key=value;key=value;key" and the last one's value.</summary>
    private List<string> Set(string keys, string value)
    {
        var named = new List<string>();
        foreach (var part in keys.Split(';'))
        {
            var key = part.Split('=')[0];
            _keys[key] = part.Contains('=', StringComparison.Ordinal) ? part[(key.Length + 1)..] : key == "Routing:VerifiesRelayRecipients" && value.Length == 0 ? "true" : value;
            named.Add(key);
        }

        return named;
    }

    private async Task<Peer> SessionAsync()
    {
        var session = await Peer.ConnectAsync(_server.Endpoints["smtp"].Port);
        await session.HelloAsync();
        return session;
    }

    private async Task DeliverAsync(string recipient)
    {
        await using var session = await SessionAsync();
        await session.AskAsync("MAIL FROM:<bob@example.org>");
        Assert.That(await session.AskAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"));
        await session.AskAsync("DATA");
        Assert.That(await session.AskAsync("Subject: x\r\n\r\nx\r\n."), Does.StartWith("250"));
    }

    private async Task<string> RecipientAsync(string recipient)
    {
        await using var session = await SessionAsync();
        await session.AskAsync("MAIL FROM:<sender@example.com>");
        return await session.AskAsync($"RCPT TO:<{recipient}>");
    }

    private async Task<string> LogInAsync(string user, string password)
    {
        await using var imap = await Peer.ConnectAsync(_server.Endpoints["imap"].Port);
        return await imap.AskAsync($"a LOGIN \"{user}\" \"{password}\"");
    }

    private sealed class Peer : IAsyncDisposable
    {
        private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

        private readonly TcpClient _client = new();
        private StreamReader _reader = null!;

        public string Greeting { get; private set; } = "";

        public string Hello { get; private set; } = "";

        public static async Task<Peer> ConnectAsync(int port)
        {
            var peer = new Peer();
            await peer._client.ConnectAsync(IPAddress.Loopback, port).WaitAsync(Hang);
            peer._reader = new StreamReader(peer._client.GetStream(), Encoding.Latin1);
            peer.Greeting = await peer.ReadAsync();
            return peer;
        }

        public async Task<string> HelloAsync()
        {
            await SendAsync("EHLO client.example");
            var text = new StringBuilder();
            string line;
            do
            {
                line = await ReadAsync();
                text.AppendLine(line);
            }
            while (line.Length > 3 && line[3] == '-');
            return Hello = text.ToString();
        }

        /// <summary>A line, and what follows it up to the tagged line in IMAP.</summary>
        public async Task<string> AskAsync(string line)
        {
            await SendAsync(line);
            var answer = await ReadAsync();
            while (answer.Split('\n')[^1].StartsWith('*'))
            {
                answer += "\n" + await ReadAsync();
            }

            return answer;
        }

        public ValueTask DisposeAsync()
        {
            _client.Dispose();
            return default;
        }

        private Task SendAsync(string line) => _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n")).AsTask().WaitAsync(Hang);

        private async Task<string> ReadAsync() => await _reader.ReadLineAsync().WaitAsync(Hang) ?? "";
    }
}
