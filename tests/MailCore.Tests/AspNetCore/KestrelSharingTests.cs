using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailCore.Hosting;
using MailCore.Tests.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

/// <summary>What mail on Kestrel's listeners shares with HTTP: limits, certificates, logs, configuration.</summary>
[CancelAfter(60_000)]
internal sealed class KestrelSharingTests
{
    private static readonly TestAuthority Authority = new();

    [OneTimeTearDown]
    public void DisposeAuthority() => Authority.Dispose();

    [Test]
    public async Task The_limit_of_connections_is_each_listeners_own()
    {
        await using var app = await StartAsync(static kestrel =>
        {
            kestrel.Limits.MaxConcurrentConnections = 1;
            kestrel.Listen(IPAddress.Loopback, 0, static o => o.UseSmtp());
            kestrel.Listen(IPAddress.Loopback, 0, static o => o.UseImap());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var server = app.Services.GetRequiredService<MailServer>();
        var page = app.Urls.Select(static url => new Uri(url)).Single(url => server.Endpoints.All(endpoint => endpoint.Port != url.Port));
        using (var first = await MailClient.ConnectAsync(server.Endpoints["smtp"]))
        {
            Assert.That(await first.ReadLineAsync(), Does.StartWith("220"));
            Assert.That(await GreetingAsync(server.Endpoints["smtp"]), Is.Null);
            Assert.That(await GreetingAsync(server.Endpoints["imap"]), Does.StartWith("* OK"));
            using var http = new HttpClient();
            Assert.That(await http.GetStringAsync(page), Is.EqualTo("page"));
        }

        // The first one's end is seen at some moment.
        Assert.That(async () => await GreetingAsync(server.Endpoints["smtp"]), Does.StartWith("220").After(30_000, 20));
    }

    [Test]
    public async Task Use_https_shows_the_certificate_that_kestrel_has_for_the_name_and_starttls_the_mail_servers()
    {
        using var kestrels = Certificate("web.example.org");
        await using var app = await StartAsync(kestrel =>
        {
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificateSelector = (_, name) => name == "web.example.org" ? kestrels : null);
            kestrel.Listen(IPAddress.Loopback, 0, static o => o.UseHttps().UseImap());
            kestrel.Listen(IPAddress.Loopback, 0, static o => o.UseSmtp());
        });
        var server = app.Services.GetRequiredService<MailServer>();
        using (var imap = await MailClient.ConnectAsync(server.Endpoints["imap"]))
        {
            await imap.StartTlsAsync(static tls => tls.TargetHost = "web.example.org");
            Assert.That(await imap.ReadLineAsync(), Does.StartWith("* OK"));
            Assert.That(imap.Tls!.RemoteCertificate!.GetCertHashString(), Is.EqualTo(kestrels.GetCertHashString()));
        }

        using (var other = await MailClient.ConnectAsync(server.Endpoints["imap"]))
        {
            Assert.That(await other.TryStartTlsAsync(static tls => tls.TargetHost = "other.example.org"), Is.False);
        }

        using var smtp = await MailClient.ConnectAsync(server.Endpoints["smtp"]);
        await smtp.ReadLineAsync();
        await smtp.SayAsync("HELO me");
        Assert.That(await smtp.SayAsync("STARTTLS"), Does.StartWith("220"));
        await smtp.StartTlsAsync(static tls => tls.TargetHost = "web.example.org");
        Assert.That(smtp.Tls!.RemoteCertificate!.GetCertHashString(), Is.Not.EqualTo(kestrels.GetCertHashString()));
        Assert.That(smtp.Tls.RemoteCertificate.Subject, Is.EqualTo("CN=mx.example.org"));
    }

    [Test]
    public async Task Kestrels_time_for_a_handshake_holds()
    {
        using var certificate = Certificate("web.example.org");
        await using var app = await StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, o => o
            .UseHttps(https => (https.ServerCertificate, https.HandshakeTimeout) = (certificate, TimeSpan.FromMilliseconds(50))).UseImap()));
        using var silent = await MailClient.ConnectAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0]);
        Assert.That(await silent.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task Logs_of_a_session_are_in_kestrels_scope_and_have_its_connection_id()
    {
        using var log = new ScopedLog();
        await using var app = await StartAsync(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static o => o.UseSmtp()), builder => builder.Logging.AddProvider(log));
        using var client = await MailClient.ConnectAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0]);
        await client.ReadLineAsync();
        await client.SayAsync("HELO me");
        await client.SayAsync("MAIL FROM:<a@there.example>");
        Assert.That(await client.SayAsync("RCPT TO:<nobody@example.org>"), Does.StartWith("550"));
        await client.SayAsync("RCPT TO:<bob@example.org>");
        await client.SayAsync("DATA");
        Assert.That(await client.SayAsync("Subject: x\r\n\r\n."), Does.StartWith("250"));

        foreach (var what in new[] { "recipient <nobody@example.org> refused", "from <a@there.example> to 1 recipients", "delivered to bob@example.org" })
        {
            var line = log.Lines.Single(line => line.Text.Contains(what, StringComparison.Ordinal));
            Assert.That(line.ConnectionId, Is.Not.Null, what);
            Assert.That(line.Text.StartsWith(line.ConnectionId!, StringComparison.Ordinal) || what.StartsWith("delivered", StringComparison.Ordinal), line.Text);
        }
    }

    [Test]
    public async Task Addresses_and_certificates_may_come_from_kestrels_configuration()
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-kestrel-");
        try
        {
            using var certificate = Certificate("web.example.org");
            var file = Path.Combine(folder.FullName, "web.pfx");
            await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pkcs12, "pass"));
            await using var app = await StartAsync(
                static _ => { },
                builder =>
                {
                    builder.Configuration["Kestrel:Endpoints:Imap:Url"] = "https://127.0.0.1:0";
                    builder.Configuration["Kestrel:Endpoints:Imap:Certificate:Path"] = file;
                    builder.Configuration["Kestrel:Endpoints:Imap:Certificate:Password"] = "pass";
                    builder.Configuration["Kestrel:Endpoints:Smtp:Url"] = "http://127.0.0.1:0";
                    builder.WebHost.ConfigureKestrel((context, kestrel) => kestrel.Configure(context.Configuration.GetSection("Kestrel"))
                        .Endpoint("Imap", static endpoint => endpoint.ListenOptions.UseHttps(endpoint.HttpsOptions).UseImap())
                        .Endpoint("Smtp", static endpoint => endpoint.ListenOptions.UseSmtp()));
                });
            var server = app.Services.GetRequiredService<MailServer>();
            Assert.That(await GreetingAsync(server.Endpoints["smtp"]), Does.StartWith("220"));
            using var imap = await MailClient.ConnectAsync(server.Endpoints["imap"]);
            await imap.StartTlsAsync();
            Assert.That(await imap.ReadLineAsync(), Does.StartWith("* OK"));
            Assert.That(imap.Tls!.RemoteCertificate!.GetCertHashString(), Is.EqualTo(certificate.GetCertHashString()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Use_https_behind_the_role_serves_nothing_in_the_clear()
    {
        using var certificate = Certificate("web.example.org");
        using var log = new ScopedLog();
        await using var app = await StartAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, o => o.UseSmtp().UseHttps(certificate)), builder => builder.Logging.AddProvider(log));
        Assert.That(await GreetingAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0]), Is.Null);
        Assert.That(() => log.Errors.Select(static error => error.Message), Has.Some.Contains("UseHttps stands behind").After(30_000, 20));
    }

    [Test]
    public async Task A_unix_socket_of_kestrels_serves_lmtp()
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-kestrel-");
        try
        {
            var path = Path.Combine(folder.FullName, "lmtp.sock");
            await using var app = await StartAsync(kestrel => kestrel.ListenUnixSocket(path, static o => o.UseLmtp()));
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            using var client = MailClient.Over(new NetworkStream(socket));
            Assert.That(await client.ReadLineAsync(), Does.StartWith("220").And.Contain("LMTP"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Middleware_before_the_role_sees_the_connection()
    {
        var seen = new ConcurrentQueue<string>();
        await using var app = await StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, o =>
        {
            o.Use(next => async connection =>
            {
                seen.Enqueue(connection.ConnectionId);
                await next(connection);
            });
            o.UseSmtp();
        }));
        Assert.That(await GreetingAsync(app.Services.GetRequiredService<MailServer>().Endpoints[0]), Does.StartWith("220"));
        Assert.That(seen, Has.Count.EqualTo(1));
    }

    private static async Task<string?> GreetingAsync(MailEndpoint endpoint)
    {
        using var client = await MailClient.ConnectAsync(endpoint);
        return await client.ReadLineAsync();
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var issued = Authority.Issue([name]);
        return X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private static async Task<WebApplication> StartAsync(Action<KestrelServerOptions> listen, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(listen);
        builder.Services.AddMailServer(static mail =>
        {
            mail.HostName = "mx.example.org";
            mail.UseInMemoryStore().UseKestrel().UseSelfSignedCertificate().AddAccount("bob@example.org", "secret");
        });
        configure?.Invoke(builder);
        var app = builder.Build();
        app.Run(static context => context.Response.WriteAsync("page"));
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

    /// <summary>Keeps lines with the connection's id of the scope that they were written in.</summary>
    private sealed class ScopedLog : ILoggerProvider, ISupportExternalScope, ILogger
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<(string Text, string? ConnectionId)> Lines { get; } = new();

        public ConcurrentQueue<Exception> Errors { get; } = new();

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is not null)
            {
                Errors.Enqueue(exception);
            }

            string? id = null;
            _scopes.ForEachScope(
                (scope, _) =>
                {
                    if (scope is IEnumerable<KeyValuePair<string, object?>> named)
                    {
                        id = named.FirstOrDefault(static pair => pair.Key == "ConnectionId").Value as string ?? id;
                    }
                },
                0);
            Lines.Enqueue((formatter(state, exception), id));
        }

        public void Dispose()
        {
        }
    }
}
