using System.Collections.Concurrent;
using System.Net;
using System.Text;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.InteropTests.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.InteropTests.Inbox;

/// <summary>A web application with a mail server and its inbox, in this process, on free ports of loopback.</summary>
internal sealed class HostedInbox : IAsyncDisposable
{
    public const string Alice = "alice@example.org";
    public const string Bob = "bob@example.org";
    public const string Password = "secret-93";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _requests = new();

    private HostedInbox(WebApplication app) => _app = app;

    public int HttpPort { get; private set; }

    public string Url => $"http://127.0.0.1:{HttpPort}/mail/";

    /// <summary>Such as "DELETE /mail/api/messages/... 204", in the order of their ends.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    private MailServer Server => _app.Services.GetRequiredService<MailServer>();

    public int SmtpPort => Server.Endpoints["smtp"].Port;

    public static async Task<HostedInbox> StartAsync(Action<MailInboxOptions>? configure = null, Action<MailServerBuilder>? mail = null, int httpPort = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMailServer(server =>
        {
            server.HostName = "mx.example.org";
            server.BindAddress = IPAddress.Loopback;
            server.UseInMemoryStore().UseSelfSignedCertificate().AddAccount(Alice, Password).AddAccount(Bob, Password);
            server.ListenSmtp(0).UseCleartext();
            server.ListenImaps(0);
            mail?.Invoke(server);
        });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, httpPort));
        var app = builder.Build();
        var host = new HostedInbox(app);
        app.Use(async (context, next) =>
        {
            await next(context);
            host._requests.Enqueue($"{context.Request.Method} {context.Request.Path} {context.Response.StatusCode}");
        });
        app.MapMailInbox("/mail", configure);
        await app.StartAsync();
        host.HttpPort = new Uri(app.Urls.Single()).Port;
        return host;
    }

    /// <summary>By SMTP.</summary>
    public async Task SendMessageAsync(string message, string to = Alice)
    {
        await using var smtp = await RawSmtp.ConnectAsync(SmtpPort);
        Assert.That(await smtp.DeliverAsync("sender@example.com", to, new MemoryStream(Encoding.UTF8.GetBytes(message))), Does.StartWith("250"));
    }

    /// <summary>A short message of plain text.</summary>
    public Task SendAsync(string subject, string text, string to = Alice) =>
        SendMessageAsync($"From: Sam Sender <sam@example.com>\r\nTo: {to}\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n", to);

    public Task<RawImap> OpenImapAsync(string account = Alice) => RawImap.ConnectAsync(Server.Endpoints["imaps"].Port, account, Password);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
