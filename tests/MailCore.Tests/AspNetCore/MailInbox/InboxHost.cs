using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tests.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>A web application on loopback with a mail server and its inbox, and a client of the latter.</summary>
internal sealed class InboxHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private InboxHost(WebApplication app)
    {
        _app = app;
        Root = new Uri($"{app.Urls.Single()}/mail/");
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = Root, Timeout = TimeSpan.FromSeconds(60) };
    }

    public HttpClient Http { get; }

    /// <summary>With its last slash.</summary>
    public Uri Root { get; }

    public IServiceProvider Services => _app.Services;

    public MailEndpointCollection Endpoints => Services.GetRequiredService<MailServer>().Endpoints;

    public MailAccounts Accounts => Services.GetRequiredService<MailAccounts>();

    public static async Task<InboxHost> StartAsync(Action<MailInboxOptions>? options = null, Action<MailServerBuilder>? mail = null, Action<WebApplicationBuilder>? host = null, Action<WebApplication, IEndpointConventionBuilder>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddMailServer(server =>
        {
            server.HostName = "mx.example.org";
            server.BindAddress = IPAddress.Loopback;
            server.UseInMemoryStore().UseSelfSignedCertificate().RecordSessions();
            server.AddAccount("bob@example.org", "secret").AddAccount("alice@example.org", "secret");
            server.ListenSmtp(0);
            server.ListenSubmission(0, static smtp => smtp.Options.MaxBadCommandsBeforeAuthentication = 20).UseStartTls().AllowCleartextAuthentication();
            server.ListenLmtp(0);
            server.ListenImap(0).UseStartTls().AllowCleartextAuthentication();
            mail?.Invoke(server);
        });
        builder.Logging.ClearProviders();
        host?.Invoke(builder);
        var app = builder.Build();
        var inbox = app.MapMailInbox("/mail", options);
        map?.Invoke(app, inbox);
        try
        {
            await app.StartAsync();
            return new InboxHost(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends by SMTP; the message in octets of Latin-1.</summary>
    public async Task<string> SendAsync(string message, string to = "bob@example.org", string endpoint = "smtp")
    {
        using var client = await MailClient.ConnectAsync(Endpoints[endpoint]);
        await client.ReadLineAsync();
        await client.WriteAsync($"{(endpoint == "lmtp" ? "LHLO" : "EHLO")} me.example\r\n");
        await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
        await client.SayAsync("MAIL FROM:<sender@there.example>");
        await client.SayAsync($"RCPT TO:<{to}>");
        await client.SayAsync("DATA");
        await client.WriteAsync(message.Replace("\r\n.", "\r\n..", StringComparison.Ordinal));
        var reply = await client.SayAsync(message.EndsWith("\r\n", StringComparison.Ordinal) ? "." : "\r\n.");
        await client.SayAsync("QUIT");
        await client.ReadLineAsync();
        return reply!;
    }

    /// <summary>Puts a message into a mailbox past all protocols, as another client's APPEND would.</summary>
    public async Task AppendAsync(string message, string account = "bob@example.org", string mailbox = "INBOX", DateTimeOffset? date = null)
    {
        var name = MailboxName.TryParse(mailbox, out var parsed) ? parsed : throw new ArgumentException(mailbox);
        var open = (await Accounts.OpenAsync(new AccountId(account)))!;
        var target = await open.FindMailboxAsync(name) ?? (await open.CreateMailboxAsync(name)).Mailbox!;
        await target.AppendAsync(new MemoryStream(Encoding.Latin1.GetBytes(message)), new AppendOptions { InternalDate = date });
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new HttpRequestException($"{path}: {answer.StatusCode} {text}");
    }

    public async Task<JsonArray> ListAsync(string query = "") => (await GetAsync($"api/messages{query}"))["messages"]!.AsArray();

    /// <summary>The id of the newest message.</summary>
    public async Task<string> NewestAsync() => (string)(await ListAsync())[0]!["id"]!;

    /// <summary>A request that changes something, as the page makes it.</summary>
    public async Task<HttpResponseMessage> ChangeAsync(HttpMethod method, string path, string? json = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-MailCore-Inbox", "1");
        change?.Invoke(request);
        return await Http.SendAsync(request);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
