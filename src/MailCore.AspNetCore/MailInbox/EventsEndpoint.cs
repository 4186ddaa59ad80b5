using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Changes as server-sent events. A client that does not read holds one batch of them, and no more.</summary>
internal sealed class EventsEndpoint(InboxServices inbox)
{
    private const int BatchSize = 64;

    // Shorter than what proxies and browsers wait.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async ValueTask<InboxProblem?> RunAsync(HttpContext http)
    {
        using var place = inbox.TryListen();
        if (place is null)
        {
            return TooMany(http);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, inbox.Stopping);
        var after = http.Request.Headers["Last-Event-ID"] is [{ } last] ? last : null;
        using var listener = await inbox.Feed.ListenAsync(after, ending.Token).ConfigureAwait(false);
        http.Response.ContentType = "text/event-stream";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await SendAsync(http, ": changes from here\nretry: 2000\n\n", ending.Token).ConfigureAwait(false);
            while (true)
            {
                var changes = listener.Read(BatchSize);
                if (changes.Count > 0)
                {
                    await SendAsync(http, Write(listener, changes), ending.Token).ConfigureAwait(false);
                }
                else if (!await listener.WaitAsync(Heartbeat, ending.Token).ConfigureAwait(false))
                {
                    await SendAsync(http, ": still here\n\n", ending.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return null;
        }
    }

    public static InboxProblem TooMany(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "5";
        return new InboxProblem(StatusCodes.Status503ServiceUnavailable, "Too many listeners", "As many streams and waiting requests are open as the host allows.");
    }

    private static Task SendAsync(HttpContext http, string text, CancellationToken cancellationToken) => http.Response.WriteAsync(text, cancellationToken);

    private static string Write(InboxFeed.Listener listener, IReadOnlyList<InboxChange> changes)
    {
        var text = new StringBuilder();
        foreach (var change in changes)
        {
            var name = change.Kind switch
            {
                InboxChangeKind.Added => "added",
                InboxChangeKind.Removed => "removed",
                InboxChangeKind.Changed => "changed",
                _ => "reset",
            };
            var data = change.Kind == InboxChangeKind.Reset
                ? "{}"
                : JsonSerializer.Serialize(new ChangeBody(change.Key.ToString(), change.Account, change.Mailbox), InboxJson.Default.ChangeBody);
            text.Append("id: ").Append(listener.NameOf(change)).Append("\nevent: ").Append(name).Append("\ndata: ").Append(data).Append("\n\n");
        }

        return text.ToString();
    }
}
