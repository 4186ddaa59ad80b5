using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Answers a request, or says why not.</summary>
internal delegate ValueTask<InboxProblem?> InboxHandler(HttpContext http);

/// <summary>The inbox's paths, each with what every answer has in common: who may ask, and what browsers may do with it.</summary>
internal sealed class InboxRoutes
{
    /// <summary>For everything but the page and the HTML text: a browser that shows it as a document shows nothing else.</summary>
    private const string DefaultPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

    private readonly IEndpointRouteBuilder _endpoints;
    private readonly InboxAccess _access;

    private InboxRoutes(IEndpointRouteBuilder endpoints, MailInboxOptions options) => (_endpoints, _access) = (endpoints, new InboxAccess(options));

    public static void Map(IEndpointRouteBuilder endpoints, MailInboxOptions options, IServiceProvider services)
    {
        var inbox = new Lazy<Handlers>(() => new Handlers(new InboxServices(options, services)));
        var page = new PageEndpoints();
        var routes = new InboxRoutes(endpoints, options);
        routes.Get("/", page.IndexAsync);
        routes.Get("/assets/{name}", page.AssetAsync);
        routes.Get("/api/openapi.json", new OpenApiEndpoint().RunAsync);
        routes.Get("/api/messages", http => inbox.Value.List.MessagesAsync(http));
        routes.Get("/api/mailboxes", http => inbox.Value.List.MailboxesAsync(http));
        routes.Get("/api/settings", http => inbox.Value.List.SettingsAsync(http));
        routes.Get("/api/messages/{id}", http => inbox.Value.Message.GetAsync(http));
        routes.Get("/api/messages/{id}/text", http => inbox.Value.Content.TextAsync(http));
        routes.Get("/api/messages/{id}/html", http => inbox.Value.Content.HtmlAsync(http));
        routes.Get("/api/messages/{id}/source", http => inbox.Value.Content.SourceAsync(http));
        routes.Get("/api/messages/{id}/transcript", http => inbox.Value.Content.TranscriptAsync(http));
        routes.Get("/api/messages/{id}/parts/{section}", http => inbox.Value.Content.PartAsync(http));
        routes.Get("/api/events", http => inbox.Value.Events.RunAsync(http));
        routes.Add(HttpMethods.Delete, "/api/messages", http => inbox.Value.Message.EmptyAsync(http));
        routes.Add(HttpMethods.Delete, "/api/messages/{id}", http => inbox.Value.Message.DeleteAsync(http));
        routes.Add(HttpMethods.Post, "/api/messages/{id}/seen", http => inbox.Value.Message.SeenAsync(http));
        routes.Add(HttpMethods.Post, "/api/messages/{id}/release", http => inbox.Value.Release.ReleaseAsync(http));
    }

    private void Get(string pattern, InboxHandler handler) => Add(HttpMethods.Get, pattern, handler);

    private void Add(string method, string pattern, InboxHandler handler)
    {
        Func<HttpContext, InboxProblem?> check = pattern.StartsWith("/api/", StringComparison.Ordinal) ? _access.CheckApi : _access.CheckPage;
        _endpoints.MapMethods(pattern, [method], http => AnswerAsync(http, check(http), handler));
    }

    private static async Task AnswerAsync(HttpContext http, InboxProblem? refusal, InboxHandler handler)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = DefaultPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if ((refusal ?? await handler(http).ConfigureAwait(false)) is { } problem)
        {
            await problem.WriteAsync(http).ConfigureAwait(false);
        }
    }

    private sealed class Handlers(InboxServices inbox)
    {
        public ListEndpoints List { get; } = new(inbox);

        public MessageEndpoints Message { get; } = new(inbox);

        public ContentEndpoints Content { get; } = new(inbox);

        public EventsEndpoint Events { get; } = new(inbox);

        public ReleaseEndpoint Release { get; } = new(inbox, inbox.Logger);
    }
}
