using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MailCore.InteropTests.Inbox;

/// <summary>Somebody else's web site, on loopback by the name localhost: serves pages, and notes every request.</summary>
internal sealed class OtherSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _hits = new();

    private OtherSite(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    /// <summary>The paths that were asked for.</summary>
    public IReadOnlyCollection<string> Hits => _hits;

    /// <summary>What is at a path; everything else is empty.</summary>
    public ConcurrentDictionary<string, string> Pages { get; } = new();

    public static async Task<OtherSite> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var site = new OtherSite(app);
        app.Run(site.AnswerAsync);
        await app.StartAsync();
        site.Url = $"http://localhost:{new Uri(app.Urls.Single()).Port}";
        return site;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        _hits.Enqueue(path);
        context.Response.ContentType = path.EndsWith(".css", StringComparison.Ordinal) ? "text/css" : "text/html; charset=utf-8";
        return context.Response.WriteAsync(Pages.GetValueOrDefault(path, ""));
    }
}
