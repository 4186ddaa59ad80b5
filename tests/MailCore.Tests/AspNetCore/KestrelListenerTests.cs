using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tests.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

[CancelAfter(60_000)]
internal sealed class KestrelListenerTests
{
    private static readonly string Login = Convert.ToBase64String("\0bob@example.org\0secret"u8);

    private static readonly TestAuthority Authority = new();

    [OneTimeTearDown]
    public void DisposeAuthority() => Authority.Dispose();

    [Test]
    public async Task Each_role_is_served_on_its_listener_beside_http()
    {
        await using var app = await StartAsync(kestrel =>
        {
            Listen(kestrel, static o => o.UseSmtp());
            Listen(kestrel, static o => o.UseSubmission());
            Listen(kestrel, static o => o.UseLmtp());
            Listen(kestrel, static o => o.UseImap());
            Listen(kestrel, static o => o.UsePop3());
            Listen(kestrel, static o => o.UseSmtp());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var server = app.Services.GetRequiredService<MailServer>();
        var page = app.Urls.Select(static url => new Uri(url)).Single(url => server.Endpoints.All(endpoint => endpoint.Port != url.Port));

        var greetings = new List<string?>();
        foreach (var endpoint in server.Endpoints)
        {
            using var client = await MailClient.ConnectAsync(endpoint);
            greetings.Add($"{endpoint.Name} {await client.ReadLineAsync()}");
        }

        Assert.That(greetings.Select(static greeting => string.Join(' ', greeting!.Split(' ').Take(2))), Is.EqualTo(new[] { "smtp 220", "submission 220", "lmtp 220", "imap *", "pop3 +OK", "smtp-2 220" }));
        using var http = new HttpClient();
        Assert.That(await http.GetStringAsync(page), Is.EqualTo("page"));
    }

    [Test]
    public async Task Starttls_upgrades_on_kestrels_transport_and_a_user_sends_after_it()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UseSubmission()));
        using var client = await ConnectAsync(app);
        Assert.That(await EhloAsync(client), Does.Contain("STARTTLS").And.Not.Contain("AUTH"));
        Assert.That(await client.SayAsync($"AUTH PLAIN {Login}"), Does.StartWith("530 5.7.0"));
        Assert.That(await client.SayAsync("STARTTLS"), Does.StartWith("220"));
        await client.StartTlsAsync();

        Assert.That(await EhloAsync(client), Does.Contain("AUTH").And.Not.Contain("STARTTLS"));
        Assert.That(await client.SayAsync($"AUTH PLAIN {Login}"), Does.StartWith("235"));
        var big = string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 20_000));
        Assert.That(await SendAsync(client, "bob@example.org", $"Subject: over Kestrel\r\n\r\n{big}"), Does.StartWith("250"));
        Assert.That(await client.SayAsync("QUIT"), Does.StartWith("221"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        Assert.That(await ReadAsync(app), Does.Contain("with ESMTPSA").And.Contain("Subject: over Kestrel").And.EndsWith(big));
    }

    [Test]
    public async Task Plaintext_behind_starttls_is_not_replayed_inside_tls()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UseSubmission()));
        using var client = await ConnectAsync(app);
        await EhloAsync(client);
        await client.WriteAsync("STARTTLS\r\nNOOP injected\r\n");
        Assert.That(await client.TryStartTlsAsync(), Is.False);
    }

    [Test]
    public async Task Use_https_before_it_is_tls_from_the_first_octet_without_a_certificate_of_the_mail_server()
    {
        await using var app = await StartAsync(
            kestrel => Listen(kestrel, static o => o.UseHttps(Certificate()).UseImap(static imap => imap.UseImplicitTls())),
            hasCertificate: false);
        using var client = await ConnectAsync(app, greeted: false);
        // An HTTP server's list of names would refuse a client that offers its own.
        await client.StartTlsAsync(static tls => tls.ApplicationProtocols = [new("imap")]);

        Assert.That(await client.ReadLineAsync(), Does.StartWith("* OK").And.Not.Contain("STARTTLS").And.Not.Contain("LOGINDISABLED"));
        Assert.That(await client.SayAsync("a LOGIN bob@example.org secret"), Does.StartWith("a OK"));
        await client.WriteAsync("b LOGOUT\r\n");
        Assert.That(await client.ReadToAsync(static _ => false), Does.Contain("b OK"));
    }

    [Test]
    public async Task Use_https_needs_no_second_word_where_the_mail_server_has_a_certificate()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UseHttps(Certificate()).UseSubmission()));
        using var client = await ConnectAsync(app, greeted: false);
        await client.StartTlsAsync();
        await client.ReadLineAsync();
        Assert.That(await EhloAsync(client), Does.Contain("AUTH").And.Not.Contain("STARTTLS"));
    }

    [Test]
    public async Task A_certificate_that_kestrel_lets_pass_logs_nobody_in()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o
            .UseHttps(static https =>
            {
                https.ServerCertificate = Certificate();
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.AllowAnyClientCertificate();
            })
            .UseImap(static imap => imap.UseClientCertificates(authorities: [Authority.Root]))));
        using var client = await ConnectAsync(app, greeted: false);
        using var bob = Authority.Issue([], TestAuthority.ClientAuthentication, email: "bob@example.org");
        await client.StartTlsAsync(tls =>
        {
            tls.ClientCertificates = [bob];
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => bob;
        });
        Assert.That(await client.ReadLineAsync(), Does.StartWith("* OK").And.Not.Contain("AUTH=EXTERNAL"));
    }

    [Test]
    public async Task Implicit_tls_without_use_https_is_made_by_the_mail_server()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UsePop3(static pop => pop.UseImplicitTls())));
        using var client = await ConnectAsync(app, greeted: false);
        await client.StartTlsAsync();
        Assert.That(await client.ReadLineAsync(), Does.StartWith("+OK"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_start_fails_where_tls_has_no_certificate_or_passwords_would_be_in_the_clear(bool hasCertificate)
    {
        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(() => StartAsync(
            kestrel => kestrel.ListenAnyIP(FreePort(), o => o.UseImap(imap =>
            {
                if (hasCertificate)
                {
                    imap.AllowCleartextAuthentication();
                }
            })),
            hasCertificate));
        Assert.That(error!.Message, hasCertificate ? Does.Contain("passwords in cleartext from the network") : Does.Contain("UseHttps before it and UseImplicitTls()"));
    }

    [Test]
    public async Task The_start_fails_without_any_endpoint_unless_kestrel_brings_them()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddMailServer(static mail => mail.UseInMemoryStore());
        await using var app = builder.Build();
        Assert.That(() => app.Services.GetRequiredService<MailServer>(), Throws.TypeOf<MailServerConfigurationException>());
    }

    [Test]
    public async Task Kestrels_limit_of_connections_holds()
    {
        await using var app = await StartAsync(kestrel =>
        {
            kestrel.Limits.MaxConcurrentConnections = 1;
            Listen(kestrel, static o => o.UseSmtp());
        });
        using var first = await ConnectAsync(app);
        using var second = await ConnectAsync(app, greeted: false);
        Assert.That(await second.ReadLineAsync(), Is.Null);
        Assert.That(await first.SayAsync("NOOP"), Does.StartWith("250"));
    }

    [Test]
    public async Task The_mail_servers_limit_per_address_holds_too()
    {
        await using var app = await StartAsync(
            kestrel => Listen(kestrel, static o => o.UseSmtp()), configure: static mail => mail.Options.MaxConnectionsPerAddress = 1);
        using var first = await ConnectAsync(app);
        using var second = await ConnectAsync(app, greeted: false);
        Assert.That(await second.ReadLineAsync(), Does.StartWith("421"));
    }

    [Test]
    public async Task A_stop_tells_idle_clients_goodbye()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UseSmtp()));
        using var client = await ConnectAsync(app);
        var stop = app.StopAsync();
        Assert.That(await client.ReadLineAsync(), Does.StartWith("421"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await stop;
        Assert.That(app.Services.GetRequiredService<MailServer>().ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_client_that_has_sent_its_last_octet_still_gets_its_answers()
    {
        await using var app = await StartAsync(kestrel => Listen(kestrel, static o => o.UseSmtp()));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0].EndPoint);
        using var client = MailClient.Over(new NetworkStream(socket));
        await client.WriteAsync("EHLO me\r\nMAIL FROM:<a@there.example>\r\nRCPT TO:<bob@example.org>\r\nBDAT 16 LAST\r\nSubject: x\r\n\r\nhiQUIT\r\n");
        socket.Shutdown(SocketShutdown.Send);
        Assert.That(await client.ReadToAsync(static line => line.StartsWith("221", StringComparison.Ordinal)), Does.Contain("\n250 2.6.0").Or.Contain("\n250 2.0.0"));
        Assert.That(await ReadAsync(app), Does.EndWith("Subject: x\r\n\r\nhi"));
    }

    private static void Listen(KestrelServerOptions kestrel, Action<ListenOptions> configure) => kestrel.Listen(IPAddress.Loopback, 0, configure);

    private static X509Certificate2 Certificate()
    {
        using var issued = Authority.Issue(["mx.example.org"]);
        return X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pkcs12), null);
    }

    private static async Task<WebApplication> StartAsync(Action<KestrelServerOptions> listen, bool hasCertificate = true, Action<MailServerBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(listen);
        builder.Services.AddMailServer(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.UseInMemoryStore().UseKestrel().AddAccount("bob@example.org", "secret");
            if (hasCertificate)
            {
                mail.UseSelfSignedCertificate();
            }

            configure?.Invoke(mail);
        });
        var app = builder.Build();
        app.Run(static context => context.Response.Body.WriteAsync("page"u8.ToArray()).AsTask());
        try
        {
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static async Task<MailClient> ConnectAsync(WebApplication app, bool greeted = true)
    {
        var client = await MailClient.ConnectAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0]);
        if (greeted)
        {
            await client.ReadLineAsync();
        }

        return client;
    }

    private static async Task<string> EhloAsync(MailClient client)
    {
        await client.WriteAsync("EHLO me.example\r\n");
        return await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
    }

    private static async Task<string?> SendAsync(MailClient client, string to, string message)
    {
        await client.SayAsync("MAIL FROM:<bob@example.org>");
        await client.SayAsync($"RCPT TO:<{to}>");
        await client.SayAsync("DATA");
        await client.WriteAsync(message);
        return await client.SayAsync(".");
    }

    private static async Task<string> ReadAsync(WebApplication app)
    {
        var bob = await app.Services.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("bob@example.org"));
        var inbox = await bob!.FindMailboxAsync(MailboxName.Inbox);
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
        {
            await using var content = await inbox.OpenContentAsync(row);
            using var reader = new StreamReader(content!.AsStream(), Encoding.UTF8);
            return await reader.ReadToEndAsync();
        }

        throw new AssertionException("Nothing came.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
