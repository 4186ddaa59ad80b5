using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Relay.Security;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Pop3;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 8461 3.3 and 5.1, against an HTTPS server with certificates of its own.</summary>
[CancelAfter(120_000)]
public class MtaStsCacheTests
{
    private const string Domain = "example.test";
    private const string Name = $"mta-sts.{Domain}";
    private const string Enforce = "version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 604800\n";

    private TestAuthority _authority = null!;
    private X509Certificate2 _certificate = null!;
    private FakeDns _dns = null!;
    private ManualTimeProvider _time = null!;
    private InMemoryServerState _state = null!;

    [OneTimeSetUp]
    public void MakeCertificates()
    {
        _authority = new TestAuthority();
        _certificate = _authority.Issue([Name]);
    }

    [OneTimeTearDown]
    public void RemoveCertificates()
    {
        _certificate.Dispose();
        _authority.Dispose();
    }

    [SetUp]
    public void Publish()
    {
        _dns = new FakeDns().Text($"_mta-sts.{Domain}", "v=spf1 -all", "v=STSv1; id=1;").Address(Name, "127.0.0.1");
        _time = new ManualTimeProvider();
        _state = new InMemoryServerState(_time);
    }

    [Test]
    public async Task A_policy_is_fetched_once_and_kept()
    {
        await using var web = Serve();
        var cache = Cache(web);

        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce));
        Assert.That((await Cache(web).FindAsync("EXAMPLE.test", default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "kept in the server's state");
        Assert.That(web.Requests.Single(), Does.StartWith($"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {Name}:{web.Port}\r\n"));
        Assert.That(web.Names.Single(), Is.EqualTo(Name), "SNI");
    }

    [TestCase("expired", "sts-webpki-invalid")]
    [TestCase("name", "sts-webpki-invalid")]
    [TestCase("untrusted", "sts-webpki-invalid")]
    public async Task A_certificate_that_is_not_good_makes_no_policy(string what, string problem)
    {
        using var bad = what switch
        {
            "expired" => _authority.Issue([Name], notAfter: DateTimeOffset.UtcNow.AddDays(-1)),
            "name" => _authority.Issue([Domain]),
            _ => MailCore.Tls.ServerCertificate.SelfSigned(Name).Certificate,
        };
        await using var web = Serve(certificate: bad);

        Assert.That(await Cache(web).FindAsync(Domain, default), Is.EqualTo(new MtaStsFetch(null, problem)));
        Assert.That(web.Requests, Is.Empty);
    }

    [TestCase("301 Moved\r\nLocation: /elsewhere", "text/plain", Enforce, "sts-policy-fetch-error")]
    [TestCase("404 Not found", "text/plain", Enforce, "sts-policy-fetch-error")]
    [TestCase("200 OK", "text/html", Enforce, "sts-policy-fetch-error")]
    [TestCase("200 OK", "text/plain", "version: STSv2\n", "sts-policy-invalid")]
    public async Task What_is_no_policy_is_none_and_no_redirect_is_followed(string status, string type, string text, string problem)
    {
        await using var web = Serve(status, type, text);

        Assert.That(await Cache(web).FindAsync(Domain, default), Is.EqualTo(new MtaStsFetch(null, problem)));
        Assert.That(web.Requests, Has.Count.EqualTo(1));
    }

    [TestCase(0, true)]
    [TestCase(1, false)]
    public async Task At_most_64_KB_are_read(int more, bool isGood)
    {
        await using var web = Serve(text: (Enforce + "x:").PadRight(MtaStsPolicy.MaxOctets + more, 'x'));

        Assert.That((await Cache(web).FindAsync(Domain, default)).Policy is not null, Is.EqualTo(isGood));
    }

    [Test]
    public async Task A_server_that_is_silent_is_given_up()
    {
        await using var web = Serve();
        web.IsSilent = true;
        var cache = Cache(web);
        var finding = cache.FindAsync(Domain, default).AsTask();
        await web.Asked.WaitAsync(TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.That(await finding, Is.EqualTo(new MtaStsFetch(null, "sts-policy-fetch-error")));
    }

    [Test]
    public async Task A_failed_fetch_is_not_repeated_for_five_minutes()
    {
        await using var web = Serve("500 No");
        var cache = Cache(web);
        for (var i = 0; i < 3; i++)
        {
            Assert.That((await cache.FindAsync(Domain, default)).Problem, Is.EqualTo("sts-policy-fetch-error"));
        }

        Assert.That(web.Requests, Has.Count.EqualTo(1));
        _time.Advance(TimeSpan.FromMinutes(5));
        web.Status = "200 OK";
        Assert.That((await cache.FindAsync(Domain, default)).Policy, Is.Not.Null);
    }

    [Test]
    public async Task A_kept_policy_stays_in_force_until_its_time_is_over_whatever_becomes_of_the_server_and_the_record()
    {
        await using var web = Serve();
        var cache = Cache(web);
        await cache.FindAsync(Domain, default);
        web.Status = "500 No";
        _dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=2;");
        _time.Advance(TimeSpan.FromDays(3));
        Assert.That(await cache.FindAsync(Domain, default) is { Policy.Mode: MtaStsMode.Enforce, Problem: "sts-policy-fetch-error" }, Is.True, "unreachable");
        _dns.Remove($"_mta-sts.{Domain}", DnsRecordType.Txt);
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "no record");
        _dns.Fail($"_mta-sts.{Domain}", DnsRecordType.Txt);
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "no DNS");
        _time.Advance(TimeSpan.FromDays(4) - TimeSpan.FromSeconds(1));
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "the last second of max_age");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await cache.FindAsync(Domain, default)).Policy, Is.Null);
    }

    [Test]
    public async Task A_new_id_brings_a_new_policy_and_so_does_a_day()
    {
        await using var web = Serve();
        var cache = Cache(web);
        await cache.FindAsync(Domain, default);
        web.Text = Enforce.Replace("enforce", "testing", StringComparison.Ordinal);
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "the same id");
        _dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=2;");
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Testing));
        web.Text = "version: STSv1\nmode: none\nmax_age: 86400\n";
        _time.Advance(TimeSpan.FromDays(1));
        Assert.That((await cache.FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.None));
        Assert.That(web.Requests, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Two_records_are_none()
    {
        await using var web = Serve();
        _dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=1;", "v=STSv1; id=2;");

        Assert.That(await Cache(web).FindAsync(Domain, default), Is.EqualTo(default(MtaStsFetch)));
        Assert.That(web.Requests, Is.Empty);
    }

    [Test]
    public async Task Hosts_that_the_policy_does_not_list_get_nothing_but_in_testing()
    {
        await using var web = Serve();
        var policy = new MtaStsTlsPolicy(Cache(web));
        var server = new OutboundServer { Domain = Domain, Host = "mx.evil.test", CanonicalHost = "mx.evil.test", Port = 25, UsesMx = true };

        Assert.That((await policy.GetRequirementAsync(server, default)).Refusal?.ToString(), Does.StartWith("450 4.7.5"));
        Assert.That(await policy.GetRequirementAsync(server with { UsesMx = false }, default), Is.EqualTo(default(OutboundTlsAnswer)), "a route of ours");
        web.Text = Enforce.Replace("enforce", "testing", StringComparison.Ordinal);
        _dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=2;");
        var answer = await policy.GetRequirementAsync(server, default);
        Assert.That((answer.Refusal, answer.Requirement, answer.Published?.Problem), Is.EqualTo(((object?)null, (object?)null, "validation-failure")));
    }

    [Test]
    public async Task A_policy_is_fetched_anew_before_it_expires_though_no_mail_goes_there_and_by_the_next_process_too()
    {
        await using var web = Serve();
        var first = await KnowingRefresherAsync(web, new CollectedLog());
        first.Start();
        await LiveAsync(first, TimeSpan.FromDays(1));
        Assert.That(web.Requests, Has.Count.EqualTo(2));
        await first.DisposeAsync();

        // Nobody tells this one of the domain.
        await using var second = Refresher(web, new CollectedLog());
        second.Start();
        await LiveAsync(second, TimeSpan.FromDays(8));
        Assert.That(web.Requests, Has.Count.EqualTo(10), "once a day");
        _dns.Remove($"_mta-sts.{Domain}", DnsRecordType.Txt);
        Assert.That((await Cache(web).FindAsync(Domain, default)).Policy?.Mode, Is.EqualTo(MtaStsMode.Enforce), "after nine days, with a max_age of seven");
    }

    [TestCase("enforce", 1)]
    [TestCase("none", 0)]
    public async Task A_refresh_that_fails_is_told_once_and_the_policy_stays(string mode, int warnings)
    {
        await using var web = Serve(text: Enforce.Replace("enforce", mode, StringComparison.Ordinal));
        var log = new CollectedLog();
        await using var refresher = await KnowingRefresherAsync(web, log);
        web.Status = "500 No";
        refresher.Start();
        await LiveAsync(refresher, TimeSpan.FromHours(mode == "none" ? 25 : 30));

        Assert.That(web.Requests, Has.Count.GreaterThan(2));
        Assert.That(log.Lines.Count(static line => line.Level == LogLevel.Warning && line.Text.Contains("MTA-STS policy of example.test", StringComparison.Ordinal)), Is.EqualTo(warnings));
        Assert.That((await Cache(web).FindAsync(Domain, default)).Policy, Is.Not.Null);
        Assert.That(refresher.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_domain_whose_policy_is_gone_is_not_asked_about_any_more()
    {
        await using var web = Serve();
        await using var refresher = await KnowingRefresherAsync(web, new CollectedLog());
        web.Status = "404 Not found";
        refresher.Start();
        await LiveAsync(refresher, TimeSpan.FromDays(7) + MtaStsRefresher.Interval);
        Assert.That(refresher.Count, Is.Zero);
    }

    [Test]
    public async Task At_most_5000_domains_are_kept_fresh_those_that_mail_went_to_last()
    {
        await using var web = Serve();
        await using var refresher = Refresher(web, new CollectedLog());
        for (var i = 0; i <= MtaStsRefresher.MaxDomains; i++)
        {
            refresher.Note($"{i}.example");
        }

        Assert.That(refresher.Count, Is.EqualTo(MtaStsRefresher.MaxDomains + 1 - (MtaStsRefresher.MaxDomains / 10)));
    }

    [Test]
    public async Task A_server_with_a_relay_keeps_policies_fresh()
    {
        await using var web = Serve();
        await using (var before = await KnowingRefresherAsync(web, new CollectedLog()))
        {
            before.Start();
        }

        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_time);
        services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("anna@ours.example");
            mail.ListenSmtp(0, static endpoint => endpoint.On(IPAddress.Loopback).UseCleartext());
            mail.UseRelay();
            mail.OutboundTls.UseMtaSts(options => (options.Port, options.Authorities) = (web.Port, [_authority.Root]));
            mail.Services.Replace(ServiceDescriptor.Singleton<IDnsResolver>(_dns));
            mail.Services.Replace(ServiceDescriptor.Singleton<IServerState>(_state));
        });
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<MailServer>().StartAsync(CancellationToken.None);
        await LiveAsync(provider.GetRequiredService<MtaStsRefresher>(), TimeSpan.FromDays(1));
        Assert.That(web.Requests, Has.Count.EqualTo(2));
    }

    /// <summary>One that has heard of a domain to which mail went.</summary>
    private async Task<MtaStsRefresher> KnowingRefresherAsync(PolicyServer web, CollectedLog log)
    {
        var refresher = Refresher(web, log);
        var policy = new MtaStsTlsPolicy(Cache(web), refresher);
        await policy.GetRequirementAsync(new OutboundServer { Domain = Domain, Host = "mx.example.test", CanonicalHost = "mx.example.test", Port = 25, UsesMx = true }, default);
        Assert.That(refresher.Count, Is.EqualTo(1));
        return refresher;
    }

    private MtaStsRefresher Refresher(PolicyServer web, CollectedLog log) => new(Cache(web), _state, _time, log.CreateLogger<MtaStsRefresher>());

    /// <summary>Lets time pass by the hour, each look at the policies finished before the next.</summary>
    private async Task LiveAsync(MtaStsRefresher refresher, TimeSpan time)
    {
        await UntilAsync(() => refresher.Rounds == 1);
        for (var passed = MtaStsRefresher.Interval; passed <= time; passed += MtaStsRefresher.Interval)
        {
            var rounds = refresher.Rounds;
            _time.Advance(MtaStsRefresher.Interval);
            await UntilAsync(() => refresher.Rounds == rounds + 1);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(30)), "It never came about.");
            await Task.Delay(2);
        }
    }

    private MtaStsCache Cache(PolicyServer web)
    {
        var options = new MtaStsOptions { Port = web.Port, Authorities = [_authority.Root] };
        return new MtaStsCache(_dns, _state, new MtaStsFetcher(_dns, options, _time), options, _time);
    }

    private PolicyServer Serve(string status = "200 OK", string type = "text/plain", string text = Enforce, X509Certificate2? certificate = null) =>
        new(SslStreamCertificateContext.Create(certificate ?? _certificate, [_authority.Intermediate], offline: true)) { Status = status, Type = type, Text = text };

    /// <summary>HTTPS, one request a connection.</summary>
    private sealed class PolicyServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly SslStreamCertificateContext _certificate;
        private readonly ConcurrentBag<Task> _running = [];

        public PolicyServer(SslStreamCertificateContext certificate)
        {
            _certificate = certificate;
            _listener.Start();
            _running.Add(AcceptAsync());
        }

        public string Status { get; set; } = "";

        public string Type { get; set; } = "";

        public string Text { get; set; } = "";

        public bool IsSilent { get; set; }

        public SemaphoreSlim Asked { get; } = new(0);

        public ConcurrentQueue<string> Requests { get; } = new();

        public ConcurrentQueue<string> Names { get; } = new();

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
            await Task.WhenAll(_running);
            _stop.Dispose();
            Asked.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    _running.Add(Task.Run(() => ServeAsync(client)));
                }
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var connection = client;
            try
            {
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(
                    (_, hello, _, _) =>
                    {
                        Names.Enqueue(hello.ServerName);
                        return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate });
                    },
                    null,
                    _stop.Token);
                var request = new StringBuilder();
                var octets = new byte[4096];
                while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    var count = await tls.ReadAsync(octets, _stop.Token);
                    if (count == 0)
                    {
                        return;
                    }

                    request.Append(Encoding.ASCII.GetString(octets, 0, count));
                }

                Requests.Enqueue(request.ToString());
                Asked.Release();
                if (IsSilent)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }

                await tls.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {Status}\r\nContent-Type: {Type}; charset=utf-8\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(Text)}\r\n\r\n{Text}"), _stop.Token);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or AuthenticationException)
            {
            }
        }
    }
}
