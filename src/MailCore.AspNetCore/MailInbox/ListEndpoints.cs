using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>What there is: messages, mailboxes, and what may be done.</summary>
internal sealed class ListEndpoints(InboxServices inbox)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;
    private const int MaxQuery = 500;
    private const int MaxWords = 10;
    private const int MaxWait = 60;

    private readonly MessageLister _lister = new(inbox.Accounts, inbox.Options);

    public async ValueTask<InboxProblem?> MessagesAsync(HttpContext http)
    {
        var problem = TryParse(http.Request.Query, out var query, out var wait);
        if (problem is not null)
        {
            return problem;
        }

        if (wait == 0)
        {
            await InboxJson.WriteAsync(http, await _lister.ListAsync(query, http.RequestAborted).ConfigureAwait(false), InboxJson.Default.MessagePageBody).ConfigureAwait(false);
            return null;
        }

        return await WaitAsync(http, query, TimeSpan.FromSeconds(wait)).ConfigureAwait(false);
    }

    public async ValueTask<InboxProblem?> MailboxesAsync(HttpContext http)
    {
        var mailboxes = new List<MailboxBody>();
        foreach (var account in await inbox.Accounts.ListAsync(http.RequestAborted).ConfigureAwait(false))
        {
            if (await inbox.Accounts.OpenAsync(account, http.RequestAborted).ConfigureAwait(false) is { } open)
            {
                var snapshot = await open.SnapshotAsync(http.RequestAborted).ConfigureAwait(false);
                mailboxes.AddRange(snapshot.Mailboxes.Select(info => new MailboxBody(account.Address, info.Name, info.Messages, info.Unseen)));
            }
        }

        mailboxes.Sort(static (one, other) => string.CompareOrdinal(one.Account, other.Account) is not 0 and var order ? order : string.CompareOrdinal(one.Mailbox, other.Mailbox));
        await InboxJson.WriteAsync(http, mailboxes, InboxJson.Default.IReadOnlyListMailboxBody).ConfigureAwait(false);
        return null;
    }

    public async ValueTask<InboxProblem?> SettingsAsync(HttpContext http)
    {
        var options = inbox.Options;
        var settings = new SettingsBody(
            options.AllowsDelete && inbox.Store.Traits.HasFlag(Storage.StoreTraits.Expunge), options.ReleaseSender is not null, options.ReleaseHint, inbox.HostName,
            SmtpAddresses.Of(inbox.Endpoints));
        await InboxJson.WriteAsync(http, settings, InboxJson.Default.SettingsBody).ConfigureAwait(false);
        return null;
    }

    // Listens before it looks: nothing comes unseen in between.
    private async ValueTask<InboxProblem?> WaitAsync(HttpContext http, ListQuery query, TimeSpan patience)
    {
        using var place = inbox.TryListen();
        if (place is null)
        {
            return EventsEndpoint.TooMany(http);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, inbox.Stopping);
        using var listener = await inbox.Feed.ListenAsync(null, http.RequestAborted).ConfigureAwait(false);
        var start = inbox.Time.GetTimestamp();
        var page = await SearchAllAsync(query, http.RequestAborted).ConfigureAwait(false);
        while (page.Messages.Count == 0)
        {
            var left = patience - inbox.Time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !await ChangeAsync(listener, left, ending.Token).ConfigureAwait(false))
            {
                break;
            }

            // What is new comes first; the others have been searched.
            page = await _lister.ListAsync(query, http.RequestAborted).ConfigureAwait(false);
        }

        await InboxJson.WriteAsync(http, page.Messages.Count == 0 ? page with { Next = null } : page, InboxJson.Default.MessagePageBody).ConfigureAwait(false);
        return null;
    }

    /// <summary>The first page that is not empty.</summary>
    private async ValueTask<MessagePageBody> SearchAllAsync(ListQuery query, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await _lister.ListAsync(query, cancellationToken).ConfigureAwait(false);
            if (page.Messages.Count > 0 || !PageCursor.TryParse(page.Next, out var next))
            {
                return page;
            }

            query = query with { Before = next };
        }
    }

    // False when the time is over, or the host stops.
    private static async ValueTask<bool> ChangeAsync(InboxFeed.Listener listener, TimeSpan patience, CancellationToken ending)
    {
        try
        {
            if (!await listener.WaitAsync(patience, ending).ConfigureAwait(false))
            {
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        while (listener.Read(InboxFeed.Kept).Count > 0)
        {
        }

        return true;
    }

    private static InboxProblem? TryParse(IQueryCollection parameters, out ListQuery query, out int wait)
    {
        (query, wait) = (new ListQuery([], null, null, null, DefaultLimit), 0);
        var text = Text(parameters, "query") ?? "";
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (text.Length > MaxQuery || words.Length > MaxWords)
        {
            return InboxProblem.BadRequest($"A query has at most {MaxWords} words and {MaxQuery} characters.");
        }

        var limit = DefaultLimit;
        if (Text(parameters, "limit") is { } number && (!TryNumber(number, out limit) || limit is < 1 or > MaxLimit))
        {
            return InboxProblem.BadRequest($"limit is a number from 1 to {MaxLimit}.");
        }

        if (Text(parameters, "wait") is { } seconds && (!TryNumber(seconds, out wait) || wait > MaxWait))
        {
            return InboxProblem.BadRequest($"wait is a number of seconds from 0 to {MaxWait}.");
        }

        PageCursor? before = null;
        if (Text(parameters, "before") is { } cursor)
        {
            if (!PageCursor.TryParse(cursor, out var place))
            {
                return InboxProblem.BadRequest("before is what an answer had as next.");
            }

            before = place;
        }

        query = new ListQuery(words, Text(parameters, "account"), Text(parameters, "mailbox"), before, limit);
        return null;
    }

    internal static string? Text(IQueryCollection parameters, string name) => parameters[name] is [{ Length: > 0 } text, ..] ? text : null;

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
