using MailCore.Delivery;
using MailCore.Smtp;
using MailCore.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>What the endpoints of one inbox share. Made with the first request: the store opens when the host starts, not while it is put together.</summary>
internal sealed class InboxServices
{
    private readonly IServiceProvider _services;
    private int _listeners;

    public InboxServices(MailInboxOptions options, IServiceProvider services)
    {
        (Options, _services) = (options, services);
        Store = services.GetService<MailAccounts>() ?? throw new InvalidOperationException("MapMailInbox shows the mail of a server in the same application: call AddMailServer.");
        Accounts = new InboxAccounts(Store, services.GetRequiredService<IMailDirectory>(), options);
        Time = services.GetRequiredService<TimeProvider>();
        Logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("MailCore.AspNetCore.MailInbox");
        Feed = new InboxFeed(Accounts, Store, Time, Logger);
        Records = services.GetService<SessionRecords>();
    }

    public MailInboxOptions Options { get; }

    public MailAccounts Store { get; }

    public InboxAccounts Accounts { get; }

    public InboxFeed Feed { get; }

    public ILogger Logger { get; }

    public TimeProvider Time { get; }

    public SessionRecords? Records { get; }

    public IMailSubmission Submission => _services.GetRequiredService<IMailSubmission>();

    public MailEndpointCollection Endpoints => _services.GetRequiredService<MailServer>().Endpoints;

    public string HostName => _services.GetRequiredService<MailServer>().HostName;

    /// <summary>Fires when the host stops: nobody is to wait for what does not come any more.</summary>
    public CancellationToken Stopping => _services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;

    /// <summary>What the session said that brought a message, where it is known.</summary>
    public RecordedMessage? FindRecord(InboxMessage message) =>
        Records is not null && message.TryReadQueueId(out var id) && Records.TryFind(id, out var record) ? record : null;

    /// <summary>Runs a handler with the message that the request's path names.</summary>
    public async ValueTask<InboxProblem?> WithMessageAsync(HttpContext http, Func<InboxMessage, ValueTask<InboxProblem?>> handler)
    {
        if (!MessageKey.TryParse(http.Request.RouteValues["id"] as string, out var key)
            || await InboxMessage.FindAsync(Accounts, key, http.RequestAborted).ConfigureAwait(false) is not { } message)
        {
            return InboxProblem.NoMessage;
        }

        await using (message.ConfigureAwait(false))
        {
            return await handler(message).ConfigureAwait(false);
        }
    }

    /// <summary>The same with its octets.</summary>
    public ValueTask<InboxProblem?> WithContentAsync(HttpContext http, Func<InboxMessage, ValueTask<InboxProblem?>> handler) =>
        WithMessageAsync(http, async message =>
            await message.SummarizeAsync(http.RequestAborted).ConfigureAwait(false) && await message.OpenAsync(http.RequestAborted).ConfigureAwait(false)
                ? await handler(message).ConfigureAwait(false)
                : InboxProblem.NoMessage);

    /// <summary>Counts one who waits; null when there are as many as may be. Dispose it in the end.</summary>
    public ListenerPlace? TryListen()
    {
        if (Interlocked.Increment(ref _listeners) <= Options.MaxListeners)
        {
            return new ListenerPlace(this);
        }

        Interlocked.Decrement(ref _listeners);
        return null;
    }

    public sealed class ListenerPlace(InboxServices owner) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref owner._listeners);
    }
}
