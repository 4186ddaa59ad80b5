using System.Net;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Testing;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Changes as they happen, and what is waited for.</summary>
[CancelAfter(120_000)]
internal sealed class InboxEventsTests
{
    [Test]
    public async Task What_smtp_and_imap_clients_do_is_told()
    {
        await using var inbox = await InboxHost.StartAsync();
        using var events = await EventStream.OpenAsync(inbox);
        await inbox.SendAsync("Subject: x\r\n\r\nx\r\n");
        var added = await events.NextAsync();
        var id = await inbox.NewestAsync();
        Assert.That((added!.Value.Name, added.Value.Data.ToJsonString()), Is.EqualTo(("added", $$"""{"id":"{{id}}","account":"bob@example.org","mailbox":"INBOX"}""")));

        using var imap = await ImapAsync(inbox);
        await imap.WriteAsync("b SELECT INBOX\r\nc STORE 1 +FLAGS (\\Seen \\Deleted)\r\n");
        Assert.That(await imap.ReadToAsync(static line => line.StartsWith("c ", StringComparison.Ordinal)), Does.Contain("c OK"));
        Assert.That(await NextAsync(events), Is.EqualTo($"changed {id} bob@example.org INBOX"));
        await imap.WriteAsync("d CREATE Work\r\ne COPY 1 Work\r\nf EXPUNGE\r\n");
        Assert.That(await imap.ReadToAsync(static line => line.StartsWith("f ", StringComparison.Ordinal)), Does.Contain("f OK"));
        string[] both = [await NextAsync(events), await NextAsync(events)];
        Assert.That(both, Has.One.EqualTo($"removed {id} bob@example.org INBOX").And.One.Matches<string>(static text => text!.StartsWith("added ", StringComparison.Ordinal) && text.EndsWith(" Work", StringComparison.Ordinal)));
        await imap.WriteAsync("g RENAME Work Other\r\n");
        await imap.ReadToAsync(static line => line.StartsWith("g ", StringComparison.Ordinal));
        Assert.That((await events.NextAsync())!.Value.Name, Is.EqualTo("reset"));
    }

    [Test]
    public async Task What_was_there_before_is_no_event_and_what_came_meanwhile_is_found_after_a_break()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync("Subject: before\r\n\r\n");
        string last;
        using (var events = await EventStream.OpenAsync(inbox))
        {
            await inbox.AppendAsync("Subject: 1\r\n\r\n");
            await inbox.AppendAsync("Subject: 2\r\n\r\n");
            Assert.That(await NextAsync(events), Does.StartWith("added"));
            last = events.LastId;
        }

        await inbox.AppendAsync("Subject: 3\r\n\r\n");
        using var again = await EventStream.OpenAsync(inbox, last);
        var ids = (await inbox.ListAsync()).Select(static item => (string)item!["id"]!).ToArray();
        Assert.That(await NextAsync(again), Does.StartWith($"added {ids[1]}"));
        Assert.That(await NextAsync(again), Does.StartWith($"added {ids[0]}"));
    }

    [TestCase("x-1")]
    [TestCase("nonsense")]
    [TestCase("0-99999999999999999999")]
    public async Task An_event_that_is_not_known_leads_to_a_reset(string id)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var events = await EventStream.OpenAsync(inbox, id);
        Assert.That((await events.NextAsync())!.Value.Name, Is.EqualTo("reset"));
        await inbox.AppendAsync("Subject: x\r\n\r\n");
        Assert.That(await NextAsync(events), Does.StartWith("added"));
    }

    [Test]
    public async Task Who_is_too_far_behind_is_told_to_load_anew()
    {
        await using var inbox = await InboxHost.StartAsync();
        string first;
        using (var events = await EventStream.OpenAsync(inbox))
        {
            await inbox.AppendAsync("Subject: x\r\n\r\n");
            await events.NextAsync();
            first = events.LastId;
            // One change more than is kept, each a commit of its own; the reader follows.
            var box = (await (await inbox.Accounts.OpenAsync(new AccountId("bob@example.org")))!.FindMailboxAsync(MailboxName.Inbox))!;
            for (var i = 0; i < 1025; i++)
            {
                await box.SetFlagsAsync([new Uid(1)], new FlagChange(i % 2 == 0 ? FlagMode.Add : FlagMode.Remove, SystemFlags.Seen));
                Assert.That((await events.NextAsync())!.Value.Name, Is.EqualTo("changed"));
            }
        }

        using var behind = await EventStream.OpenAsync(inbox, first);
        Assert.That((await behind.NextAsync())!.Value.Name, Is.EqualTo("reset"));
    }

    [TestCase(1024, "removed")]
    [TestCase(1025, "reset")]
    public async Task A_change_of_more_messages_than_are_kept_is_a_reset(int count, string expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync("Subject: x\r\n\r\n");
        var box = (await (await inbox.Accounts.OpenAsync(new AccountId("bob@example.org")))!.FindMailboxAsync(MailboxName.Inbox))!;
        await box.CopyAsync([.. Enumerable.Repeat(new Uid(1), 1)], box.Id);
        while ((await box.OpenViewAsync())!.State is { } state && state.Count < count)
        {
            await box.CopyAsync(state.Intersect(UidSet.All)[..Math.Min(state.Count, count - state.Count)], box.Id);
        }

        using var events = await EventStream.OpenAsync(inbox);
        await box.RemoveAsync((await box.OpenViewAsync())!.State.Intersect(UidSet.All));
        var names = new List<string>();
        do
        {
            names.Add((await events.NextAsync())!.Value.Name);
        }
        while (names[^1] == "removed" && names.Count < count);

        Assert.That(names[^1], Is.EqualTo(expected));
    }

    [Test]
    public async Task An_account_that_is_made_later_is_followed()
    {
        await using var inbox = await InboxHost.StartAsync();
        using var events = await EventStream.OpenAsync(inbox);
        await inbox.Services.GetRequiredService<IMailDirectory>().CreateAsync(EmailAddress.Parse("carol@example.org"), "secret", default);
        await inbox.SendAsync("Subject: x\r\n\r\n", "carol@example.org");
        Assert.That(await NextAsync(events), Does.StartWith("added ").And.EndsWith(" carol@example.org INBOX"));
        await inbox.SendAsync("Subject: y\r\n\r\n", "carol@example.org");
        Assert.That(await NextAsync(events), Does.StartWith("added ").And.EndsWith(" carol@example.org INBOX"));
    }

    [Test]
    public async Task Accounts_that_are_not_shown_are_not_told_of()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.ShowsAccount = static address => address.LocalPart != "alice");
        using var events = await EventStream.OpenAsync(inbox);
        await inbox.SendAsync("Subject: x\r\n\r\n", "alice@example.org");
        await inbox.SendAsync("Subject: x\r\n\r\n");
        Assert.That(await NextAsync(events), Does.EndWith(" bob@example.org INBOX"));
    }

    [Test]
    public async Task Streams_and_waiting_requests_are_limited_together()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.MaxListeners = 2);
        using var one = await EventStream.OpenAsync(inbox);
        var two = await EventStream.OpenAsync(inbox);
        foreach (var path in new[] { "api/events", "api/messages?wait=1" })
        {
            using var answer = await inbox.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            Assert.That((answer.StatusCode, answer.Headers.RetryAfter?.ToString()), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "5")), path);
        }

        two.Dispose();
        Assert.That(
            async () =>
            {
                using var answer = await inbox.Http.GetAsync("api/events", HttpCompletionOption.ResponseHeadersRead);
                return answer.StatusCode;
            },
            Is.EqualTo(HttpStatusCode.OK).After(30_000, 50));
    }

    [Test]
    public async Task A_client_that_does_not_read_holds_nobody_up()
    {
        await using var inbox = await InboxHost.StartAsync();
        using var slow = await EventStream.OpenAsync(inbox);
        using var events = await EventStream.OpenAsync(inbox);
        await inbox.AppendAsync("Subject: x\r\n\r\n");
        Assert.That((await events.NextAsync())!.Value.Name, Is.EqualTo("added"));
        var box = (await (await inbox.Accounts.OpenAsync(new AccountId("bob@example.org")))!.FindMailboxAsync(MailboxName.Inbox))!;
        for (var i = 0; i < 3_000; i++)
        {
            await box.SetFlagsAsync([new Uid(1)], new FlagChange(i % 2 == 0 ? FlagMode.Add : FlagMode.Remove, SystemFlags.Seen));
        }

        await inbox.AppendAsync("Subject: last\r\n\r\n");
        string name;
        do
        {
            name = (await events.NextAsync())!.Value.Name;
        }
        while (name == "changed");
        Assert.That(name, Is.AnyOf("added", "reset"));
    }

    [Test]
    public async Task A_quiet_stream_shows_that_it_is_alive()
    {
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        await using var inbox = await InboxHost.StartAsync(host: builder => builder.Services.AddSingleton<TimeProvider>(time));
        using var events = await EventStream.OpenAsync(inbox);
        Assert.That(await events.LineAsync(), Is.EqualTo("retry: 2000"));
        Assert.That(await events.LineAsync(), Is.Empty);
        var line = events.LineAsync();
        while (!line.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(line, Task.Delay(5));
        }

        Assert.That(await line, Does.StartWith(": "));
    }

    [Test]
    public async Task Nobody_is_watched_any_more_a_minute_after_the_last_listener_left()
    {
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        await using var inbox = await InboxHost.StartAsync(host: builder => builder.Services.AddSingleton<TimeProvider>(time));
        var signal = (LocalChangeSignal)inbox.Services.GetRequiredService<IChangeSignal>();
        Assert.That(signal.Count, Is.Zero);
        var events = await EventStream.OpenAsync(inbox);
        await inbox.AppendAsync("Subject: x\r\n\r\n");
        await events.NextAsync();
        var last = events.LastId;
        Assert.That(signal.Count, Is.EqualTo(2), "An ear for each account.");
        events.Dispose();
        Assert.That(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return signal.Count;
            },
            Is.Zero.After(30_000, 20));

        // Who comes back then is told to load anew.
        using var again = await EventStream.OpenAsync(inbox, last);
        Assert.That((await again.NextAsync())!.Value.Name, Is.EqualTo("reset"));
    }

    [Test]
    public async Task A_stop_of_the_host_ends_the_streams()
    {
        EventStream events;
        Task<HttpResponseMessage> waiting;
        await using (var inbox = await InboxHost.StartAsync())
        {
            events = await EventStream.OpenAsync(inbox);
            waiting = inbox.Http.GetAsync("api/messages?wait=60");
            // Another listener's place is taken.
            Assert.That(async () => (await inbox.GetAsync("api/settings"))["host"] is not null, Is.True.After(30_000, 50));
            await inbox.StopAsync();
            Assert.That(await events.NextAsync(), Is.Null);
        }

        events.Dispose();
        try
        {
            using var answer = await waiting;
        }
        catch (HttpRequestException)
        {
            // It had not come in yet.
        }
        catch (TaskCanceledException)
        {
        }
    }

    [Test]
    public async Task Who_waits_for_a_message_gets_it_when_it_comes()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("Subject: other\r\n\r\n");
        var waiting = inbox.GetAsync("api/messages?query=welcome&account=bob@example.org&wait=60");
        await inbox.SendAsync("Subject: another\r\n\r\n");
        await inbox.SendAsync("Subject: welcome\r\n\r\n", "alice@example.org");
        await inbox.SendAsync("Subject: Welcome!\r\n\r\n");
        var page = await waiting;
        Assert.That(page["messages"]!.AsArray().Select(static item => $"{item!["account"]} {item["subject"]}"), Is.EqualTo(new[] { "bob@example.org Welcome!" }));
        Assert.That((await inbox.GetAsync("api/messages?query=welcome&wait=60"))["messages"]!.AsArray(), Has.Count.EqualTo(2), "What is there already is not waited for.");
    }

    [Test]
    public async Task Who_waits_is_not_kept_from_it_by_a_store_larger_than_one_search()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.MaxSearched = 3);
        for (var i = 0; i < 10; i++)
        {
            await inbox.AppendAsync($"Subject: {(i == 0 ? "oldest" : "hay")}\r\n\r\n");
        }

        Assert.That((string)(await inbox.GetAsync("api/messages?query=oldest&wait=60"))["messages"]![0]!["subject"]!, Is.EqualTo("oldest"));
        var waiting = inbox.GetAsync("api/messages?query=needle&wait=60");
        await inbox.SendAsync("Subject: hay\r\n\r\n");
        await inbox.SendAsync("Subject: needle\r\n\r\n");
        Assert.That((string)(await waiting)["messages"]![0]!["subject"]!, Is.EqualTo("needle"));
        Assert.That((await inbox.GetAsync("api/messages?query=nothing&wait=1"))["next"], Is.Null, "All has been searched.");
    }

    [Test]
    public async Task Who_waits_for_nothing_gets_an_empty_page_in_the_end()
    {
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        await using var inbox = await InboxHost.StartAsync(host: builder => builder.Services.AddSingleton<TimeProvider>(time));
        var waiting = inbox.GetAsync("api/messages?wait=30");
        while (!waiting.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(waiting, Task.Delay(5));
        }

        Assert.That((await waiting)["messages"]!.AsArray(), Is.Empty);
    }

    private static async Task<MailClient> ImapAsync(InboxHost inbox)
    {
        var client = await MailClient.ConnectAsync(inbox.Endpoints["imap"]);
        await client.ReadLineAsync();
        Assert.That(await client.SayAsync("a LOGIN bob@example.org secret"), Does.StartWith("a OK"));
        return client;
    }

    private static async Task<string> NextAsync(EventStream events) =>
        await events.NextAsync() is (var name, { } data) ? $"{name} {data["id"]} {data["account"]} {data["mailbox"]}" : "(end)";
}
