using System.Diagnostics;
using System.Net;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Testing;
using MailCore.Tests.Authentication;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Diagnostics;

/// <summary>
/// A server that does a bit of everything: mail to a mailbox, a handler, both and another server; logins, bans, TLS, refusals. Clients
/// say <see cref="Hostile"/> wherever they may choose a word.
/// </summary>
internal sealed class DiagnosticsScenario : IAsyncDisposable
{
    public const string Hostile = "mallory7";

    private readonly ServiceProvider _container;
    private readonly RemoteMta _remote;

    private DiagnosticsScenario(ServiceProvider container, RemoteMta remote) => (_container, _remote) = (container, remote);

    public IServiceProvider Services => _container;

    /// <summary>What the handler ran in.</summary>
    public Activity? Handling { get; private set; }

    private MailServer Server => Services.GetRequiredService<MailServer>();

    public static async Task<DiagnosticsScenario> StartAsync(Action<IServiceCollection>? configure = null, Action<IServiceProvider>? watch = null)
    {
        var remote = await RemoteMta.StartAsync();
        var services = new ServiceCollection();
        services.AddMetrics();
        configure?.Invoke(services);
        DiagnosticsScenario? scenario = null;
        services.AddMailServer(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore().UseSelfSignedCertificate().UseRelay();
            mail.AddAccount("bob@example.org", "secret").AddAlias("all@example.org", "bob@example.org", "app@example.org");
            mail.AddRelayDomain("partner.example", remote.NextHop).AddRelayDomain("down.example", "[127.0.0.1]:1");
            mail.AddHandler(static address => address.LocalPart == "app", _ => new MailCore.Delivery.HandlerDelivery((_, _, _) =>
            {
                scenario!.Handling = Activity.Current;
                return new(SmtpReply.Ok);
            }));
            mail.Logins.FailureDelay = TimeSpan.Zero;
            mail.Logins.MaxFailuresPerUser = 2;
            mail.Options.MaxConnectionsPerAddress = 3;
            mail.ListenSmtp(0);
            mail.ListenSubmission(0).UseCleartext().AllowCleartextAuthentication();
            mail.ListenImap(0).UseCleartext().AllowCleartextAuthentication();
            mail.ListenPop3(0).UseCleartext().AllowCleartextAuthentication();
        });
        scenario = new DiagnosticsScenario(services.BuildServiceProvider(), remote);
        watch?.Invoke(scenario.Services);
        await scenario.Server.StartAsync(default);
        return scenario;
    }

    /// <summary>Does everything. One message has arrived at the other server then, and one waits for a server that is down.</summary>
    public async Task RunAsync()
    {
        await ReceiveAsync();
        await SubmitAsync();
        await ArrivedAsync();
        await SubmitAsync("down.example");
        await ReadAsync();
        await FailAsync();
    }

    /// <summary>From bob to another server; its queue id.</summary>
    public async Task<string> SubmitAsync(string domain = "partner.example")
    {
        await using var client = await LoginClient.ConnectAsync("smtp", Server.Endpoints["submission"].Port, null, []);
        Assert.That(await client.LogInAsync(OneMessage.Plain("bob@example.org", "secret")), Does.StartWith("235"));
        await client.AskAsync("MAIL FROM:<bob@example.org>");
        Assert.That(await client.AskAsync($"RCPT TO:<{Hostile}@{domain}>"), Does.StartWith("250"));
        await client.AskAsync("DATA");
        var reply = await client.AskAsync($"Subject: {Hostile}\r\n\r\nhi\r\n.");
        Assert.That(reply, Does.StartWith("250 2.0.0 OK queued as "));
        return reply.Split(' ')[^1];
    }

    /// <summary>The other server has it.</summary>
    public Task ArrivedAsync() => _remote.Mail.WaitForAsync(timeout: TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await _container.DisposeAsync();
        await _remote.DisposeAsync();
    }

    public async Task ReceiveAsync()
    {
        using var client = await MailClient.ConnectAsync(Server.Endpoints["smtp"]);
        await client.ReadLineAsync();
        Assert.That(await client.SayAsync($"{Hostile} {Hostile}"), Does.StartWith("500"));
        await client.SayAsync($"HELO {Hostile}.example");
        Assert.That(await client.SayAsync("STARTTLS"), Does.StartWith("220"));
        await client.StartTlsAsync(static tls => tls.TargetHost = $"{Hostile}.example");
        await client.SayAsync($"HELO {Hostile}.example");
        foreach (var to in new[] { "bob", "app", "all" })
        {
            await client.SayAsync($"MAIL FROM:<{Hostile}@there.example>");
            Assert.That(await client.SayAsync($"RCPT TO:<{Hostile}@example.org>"), Does.StartWith("550"));
            Assert.That(await client.SayAsync($"RCPT TO:<{to}@example.org>"), Does.StartWith("250"));
            await client.SayAsync("DATA");
            Assert.That(await client.SayAsync($"Subject: {Hostile}\r\n\r\nhi\r\n."), Does.StartWith("250"));
        }

        await client.SayAsync($"MAIL FROM:<{Hostile}@there.example>");
        await client.SayAsync("RSET");
        await client.SayAsync("QUIT");
    }

    private async Task ReadAsync()
    {
        await using (var imap = await LoginClient.ConnectAsync("imap", Server.Endpoints["imap"].Port, null, []))
        {
            await imap.AskAsync($"a {Hostile} {Hostile}");
            Assert.That(await imap.LogInAsync(OneMessage.Plain("bob@example.org", "secret")), Does.StartWith("a OK"));
            Assert.That(await imap.AskAsync($"b EXAMINE {Hostile}"), Does.StartWith("b NO"));
        }

        await using var pop = await LoginClient.ConnectAsync("pop3", Server.Endpoints["pop3"].Port, null, []);
        Assert.That(await pop.AskAsync($"{Hostile} {Hostile}"), Does.StartWith("-ERR"));
        Assert.That(await pop.LogInAsync(OneMessage.Plain("bob@example.org", "secret")), Does.StartWith("+OK"));
        Assert.That(await pop.AskAsync("STAT"), Does.StartWith("+OK 2 "));
        Assert.That(await pop.AskAsync($"TOP {Hostile} 1"), Does.StartWith("-ERR"));
    }

    private async Task FailAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            await using var client = await LoginClient.ConnectAsync("imap", Server.Endpoints["imap"].Port, null, []);
            Assert.That(await client.LogInAsync(OneMessage.Plain($"{Hostile}@example.org", Hostile)), Does.StartWith("a NO"));
        }

        var open = new List<MailClient>();
        string? greeting;
        do
        {
            open.Add(await MailClient.ConnectAsync(Server.Endpoints["smtp"]));
            greeting = await open[^1].ReadLineAsync();
        }
        while (greeting!.StartsWith("220", StringComparison.Ordinal));
        Assert.That(greeting, Does.StartWith("421"));
        open.ForEach(static client => client.Dispose());
    }
}
