using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

/// <summary>A whole server with mailboxes and a queue; other servers are fakes, and time stands still until it is told.</summary>
[TestFixture]
internal sealed class RelayServiceTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private static readonly SmtpReply Later = new(451, "4.4.1", "no answer");

    private ManualTimeProvider _clock = null!;
    private FakeConnector _others = null!;
    private ServiceProvider _services = null!;
    private MailServer _server = null!;
    private RelayOptions _options = null!;

    [SetUp]
    public async Task StartAsync()
    {
        (_clock, _others) = (new ManualTimeProvider(), new FakeConnector());
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddMailServer(mail =>
        {
            mail.HostName = "mx.ours.example";
            mail.AddAccount("anna@ours.example").AddAccount("bob@ours.example").UseInMemoryStore();
            mail.ListenLmtp(0);
            mail.ListenSubmission(0, endpoint => endpoint.On(System.Net.IPAddress.Loopback).UseCleartext());
            mail.UseRelay(relay => _options = relay.Options);
            mail.Services.Replace(ServiceDescriptor.Singleton<IRelayConnector>(_others));
        });
        _services = services.BuildServiceProvider();
        _server = _services.GetRequiredService<MailServer>();
        await _server.StartAsync(CancellationToken.None);
    }

    [TearDown]
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Test]
    public async Task Mail_leaves_with_its_trace_and_many_recipients_of_a_destination_share_a_transaction()
    {
        await SendAsync("anna@ours.example", to: ["x@far.example", "y@far.example", "z@near.example"]);
        await UntilAsync(() => _others.Sent.Count == 2);

        Assert.That(_others.Sent.Select(static sent => sent.Recipients), Is.EquivalentTo(new[] { "x@far.example y@far.example", "z@near.example" }));
        Assert.That(_others.Sent.First().Content, Does.StartWith("Received: ").And.Contain("by mx.ours.example").And.EndWith("\r\n\r\nHello\r\n"));
        await UntilAsync(() => Queue.Measure().Count == 0);
    }

    [Test]
    public async Task Five_days_with_a_dead_host_are_one_warning_and_one_bounce()
    {
        _others.OnConnect = static _ => Later;
        await SendAsync("anna@ours.example", to: ["x@dead.example"]);
        await UntilAsync(() => _others.Total == 1 && IsQuiet());

        await LiveAsync(TimeSpan.FromHours(3.9));
        Assert.That(await InboxAsync("anna@ours.example"), Is.Empty);
        await LiveAsync(TimeSpan.FromHours(0.2));
        Assert.That(await InboxAsync("anna@ours.example"), Has.Exactly(1).Contains("Action: delayed"));
        await LiveAsync(TimeSpan.FromDays(4.9));

        var mail = await InboxAsync("anna@ours.example");
        Assert.That(mail, Has.Count.EqualTo(2));
        Assert.That(mail[1], Does.Contain("Action: failed").And.Contain("x@dead.example").And.Contain("no answer"));
        Assert.That(Queue.Measure(), Is.Empty);
        // 5 min doubling to 4,000 s over 5 days.
        Assert.That(_others.Total, Is.InRange(90, 120));
    }

    [Test]
    public async Task A_refused_recipient_is_told_at_once_and_the_others_get_theirs()
    {
        _others.OnRecipient = static (_, recipient) => recipient.Address.LocalPart == "no" ? new SmtpReply(550, "5.1.1", "unknown here") : SmtpReply.Ok;
        await SendAsync("anna@ours.example", to: ["yes@far.example", "no@far.example"]);
        await UntilAsync(() => Queue.Measure().Count == 0);

        Assert.That(_others.Sent.Single().Recipients, Is.EqualTo("yes@far.example"));
        Assert.That((await InboxAsync("anna@ours.example")).Single(), Does.Contain("Final-Recipient: rfc822; no@far.example").And.Contain("550 5.1.1 unknown here"));
    }

    [Test]
    public async Task The_keywords_of_the_queue_are_announced()
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(System.Net.IPAddress.Loopback, _server.Endpoints["submission"].Port);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        await reader.ReadLineAsync().WaitAsync(Guard);
        await client.GetStream().WriteAsync("EHLO client.example\r\n"u8.ToArray());
        var keywords = new List<string>();
        while (await reader.ReadLineAsync().WaitAsync(Guard) is { } line)
        {
            keywords.Add(line[4..].Split(' ')[0]);
            if (line[3] == ' ')
            {
                break;
            }
        }

        Assert.That(keywords, Is.SupersetOf(new[] { "DSN", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY" }));
    }

    [Test]
    public async Task What_a_filter_put_apart_leaves_only_when_it_is_released()
    {
        var relay = _services.GetRequiredService<RelayDelivery>();
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("anna@ours.example")));
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("x@far.example")));
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.ours.example" };
        var transaction = new MailTransaction("QUARANTINED", session, envelope, _clock.GetUtcNow());
        transaction.Quarantine("looks odd");
        transaction.AddField("X-Added: yes\r\n"u8.ToArray());
        await using var content = new MailCore.Storage.BufferedContent(new MailCore.Storage.ContentId("c"), "Subject: odd\r\n\r\nodd\r\n"u8.ToArray());
        await relay.DeliverAsync(transaction, new InboundMessage(content, default, [new RecipientRoute.Relay(EmailAddress.Parse("x@far.example"))]), CancellationToken.None);

        await LiveAsync(TimeSpan.FromHours(3));
        Assert.That(_others.Total, Is.Zero);
        Assert.That((await Queue.ListAsync(QueueFilter.All, CancellationToken.None)).Single().QuarantineReason, Is.EqualTo("looks odd"));

        await Queue.ChangeAsync(QueueFilter.All, QueueAction.Release, CancellationToken.None);
        await UntilAsync(() => _others.Sent.Count == 1);
        Assert.That(_others.Sent.Single().Content, Does.StartWith("Received: ").And.Contain("\r\nX-Added: yes\r\nSubject: odd"));
    }

    [TestCase("TLS-Required: No\r\n", false, MessageTls.NotRequired)]
    [TestCase("TLS-Required: No\r\n", true, MessageTls.Required)]
    [TestCase("", false, MessageTls.Usual)]
    public async Task What_a_message_says_about_TLS_reaches_the_connection(string field, bool requireTls, MessageTls expected)
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("anna@ours.example"))) { RequireTls = requireTls };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("x@far.example")));
        await _services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream(Encoding.ASCII.GetBytes($"Subject: test\r\n{field}\r\nHello\r\n")), CancellationToken.None);
        await UntilAsync(() => _others.Sent.Count == 1);
        Assert.That(_others.Wishes.Single(), Is.EqualTo(expected));
        Assert.That(_others.Sent.Single().Content, Does.Contain(field), "the next server is to see it as well");
    }

    [Test]
    public async Task The_null_sender_is_never_told()
    {
        _others.OnRecipient = static (_, _) => new SmtpReply(550, "5.1.1", "unknown here");
        await SendAsync("", to: ["no@far.example"]);
        await UntilAsync(() => _others.Total == 1 && Queue.Measure().Count == 0);

        Assert.That(await InboxAsync("anna@ours.example"), Is.Empty);
        Assert.That(_others.Sent, Is.Empty);
    }

    [Test]
    public async Task NOTIFY_SUCCESS_is_answered_for_others_and_for_mailboxes_of_ours()
    {
        await SendAsync("anna@ours.example", notify: ReportEvents.Success, to: ["x@far.example", "bob@ours.example"]);
        await UntilAsync(() => Queue.Measure().Count == 0 && _others.Sent.Count == 1);

        var mail = await InboxAsync("anna@ours.example");
        Assert.That(mail, Has.Exactly(1).Contains("Action: relayed"));
        Assert.That(mail, Has.Exactly(1).Contains("Action: delivered"));
        Assert.That(await InboxAsync("bob@ours.example"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task HOLDUNTIL_keeps_mail_for_others_and_for_mailboxes_of_ours()
    {
        await SendAsync("anna@ours.example", hold: TimeSpan.FromHours(2), to: ["x@far.example", "bob@ours.example"]);
        await LiveAsync(TimeSpan.FromHours(1.9));
        Assert.That(_others.Total, Is.Zero);
        Assert.That(await InboxAsync("bob@ours.example"), Is.Empty);

        await LiveAsync(TimeSpan.FromHours(0.2));
        await UntilAsync(() => Queue.Measure().Count == 0);
        Assert.That(_others.Sent, Has.Count.EqualTo(1));
        Assert.That(await InboxAsync("bob@ours.example"), Has.Count.EqualTo(1));
    }

    [TestCase(DeadlineAction.Return, "Action: failed", 0)]
    [TestCase(DeadlineAction.Notify, "Action: delayed", 1)]
    public async Task DELIVERBY_returns_or_tells_when_its_time_is_over(DeadlineAction action, string told, int left)
    {
        _others.OnConnect = static _ => Later;
        await SendAsync("anna@ours.example", by: new DeliverBy(_clock.GetUtcNow() + TimeSpan.FromMinutes(30), action, IsTraced: false), to: ["x@dead.example"]);
        await UntilAsync(() => _others.Total == 1 && IsQuiet());
        await LiveAsync(TimeSpan.FromMinutes(31));

        Assert.That((await InboxAsync("anna@ours.example")).Single(), Does.Contain(told));
        Assert.That(Queue.Measure().Sum(static lane => lane.Items), Is.EqualTo(left));
    }

    [Test]
    public async Task A_thousand_messages_for_one_dead_host_cost_it_a_few_attempts_and_others_nothing()
    {
        _others.OnConnect = static hop => hop.Host == "dead.example" ? Later : null;
        for (var i = 0; i < 1_000; i++)
        {
            await SendAsync("bob@ours.example", to: ["x@dead.example"]);
        }

        await UntilAsync(IsQuiet);
        for (var i = 0; i < 20; i++)
        {
            await SendAsync("anna@ours.example", to: ["x@alive.example"]);
        }

        await UntilAsync(() => _others.Sent.Count == 20);
        Assert.That(_others.Connections["dead.example"], Is.LessThanOrEqualTo(_options.InitialConnectionsPerDestination));
        await UntilAsync(() => Queue.Measure().Single().Items == 1_000);
    }

    [Test]
    public async Task A_hundred_thousand_messages_for_one_dead_host_cost_it_a_few_attempts_in_hours_and_others_nothing()
    {
        const int Backlog = 100_000;
        const int Steps = 30;
        _others.OnConnect = static hop => hop.Host == "dead.example" ? Later : null;
        await using var content = new MailCore.Storage.BufferedContent(new MailCore.Storage.ContentId("c"), "Subject: test\r\n\r\nHello\r\n"u8.ToArray());
        for (var i = 0; i < Backlog; i++)
        {
            await Queue.EnqueueAsync(DeadEntry(i), content, CancellationToken.None);
        }

        for (var step = 1; step <= Steps; step++)
        {
            await SendAsync("anna@ours.example", to: ["x@alive.example"]);
            await UntilAsync(() => _others.Sent.Count == step);
            _clock.Advance(TimeSpan.FromMinutes(6));
        }

        Assert.That(_others.Sent.Select(static sent => sent.Hop.Host), Is.All.EqualTo("alive.example"));
        // After 5, 10, 20, 40 and 67 minutes, and fewer connections each time.
        Assert.That(_others.Connections["dead.example"], Is.InRange(5, 5 * _options.InitialConnectionsPerDestination));
        await UntilAsync(() => Queue.Measure().Single().Items == Backlog);
    }

    [Test]
    public async Task One_connection_carries_many_messages_and_a_destination_has_no_more_than_its_limit()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _others.OnSend = _ => gate.Task;
        for (var i = 0; i < 100; i++)
        {
            await SendAsync("anna@ours.example", to: ["x@far.example"]);
        }

        await UntilAsync(() => _others.MostOpen == _options.InitialConnectionsPerDestination);
        gate.SetResult();
        await UntilAsync(() => _others.Sent.Count == 100);
        Assert.That(_others.Total, Is.LessThanOrEqualTo(_options.MaxConnectionsPerDestination));
        Assert.That(_others.Sent.Select(static sent => sent.QueueId).Distinct().Count(), Is.EqualTo(100), "none twice");
    }

    [Test]
    public async Task A_stop_lets_the_transaction_at_hand_finish_and_gives_the_rest_back_untried()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _others.OnSend = _ => gate.Task;
        for (var i = 0; i < 30; i++)
        {
            await SendAsync("anna@ours.example", to: ["x@far.example"]);
        }

        await UntilAsync(() => _others.MostOpen == _options.InitialConnectionsPerDestination);
        var stop = _server.StopAsync();
        gate.SetResult();
        await stop.WaitAsync(Guard);

        var left = await Queue.ListAsync(QueueFilter.All, CancellationToken.None);
        Assert.That(_others.Sent.Count + left.Count, Is.EqualTo(30));
        Assert.That(left, Has.All.Property(nameof(QueuedItem.Attempts)).Zero.And.Property(nameof(QueuedItem.IsLeased)).False);
    }

    [Test]
    public async Task A_notification_is_not_behind_what_waits_for_others()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _others.OnSend = hop => hop.Host == "slow.example" ? gate.Task : Task.CompletedTask;
        for (var i = 0; i < 200; i++)
        {
            await SendAsync("anna@ours.example", to: [$"x@slow.example"]);
        }

        await UntilAsync(() => _others.MostOpen == _options.InitialConnectionsPerDestination);
        await SendAsync("", to: ["x@far.example"]);
        await UntilAsync(() => _others.Sent.Count == 1);
        Assert.That(_others.Sent.Single().From.IsNull);
        gate.SetResult();
    }

    private IRelayQueue Queue => _server.Relay!.Queue;

    private QueueEntry DeadEntry(int number)
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("bob@ours.example")));
        return new QueueEntry
        {
            QueueId = $"DEAD{number}",
            Session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.ours.example" },
            Envelope = envelope,
            Recipients = [new QueueRecipient(new Recipient(EmailAddress.Parse("x@dead.example")), NextHop.Domain("dead.example"))],
            AcceptedAt = _clock.GetUtcNow(),
        };
    }

    private bool IsQuiet() => Queue.ListAsync(QueueFilter.All, CancellationToken.None).AsTask().Result.All(item => !item.IsLeased)
        && (_others.Total > 0 || Queue.Measure().Count == 0);

    private async Task SendAsync(string from, ReportEvents notify = ReportEvents.Unspecified, TimeSpan? hold = null, DeliverBy? by = null, params string[] to)
    {
        var envelope = new Envelope(from.Length == 0 ? ReversePath.Null : new ReversePath(EmailAddress.Parse(from))) { HoldUntil = _clock.GetUtcNow() + hold, DeliverBy = by };
        envelope.Recipients.AddRange(to.Select(address => new Recipient(EmailAddress.Parse(address)) { Notify = notify }));
        var result = await _services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("Subject: test\r\n\r\nHello\r\n"u8.ToArray()), CancellationToken.None);
        Assert.That(result.Replies, Has.All.Property(nameof(SmtpReply.IsPositive)).True);
    }

    /// <summary>Lets time pass in small steps, each finished before the next.</summary>
    private async Task LiveAsync(TimeSpan time)
    {
        for (var end = _clock.GetUtcNow() + time; _clock.GetUtcNow() < end;)
        {
            var left = end - _clock.GetUtcNow();
            var due = Queue.NextDue(QueueLane.Remote, new HashSet<string>()) is { } next && next > _clock.GetUtcNow() ? next - _clock.GetUtcNow() : TimeSpan.FromMinutes(3);
            _clock.Advance(due < left ? due : left);
            await Task.Delay(1);
            await UntilAsync(IsSettled);
        }
    }

    private bool IsSettled()
    {
        return Queue.ListAsync(QueueFilter.All, CancellationToken.None).AsTask().Result.All(item => !item.IsLeased);
    }

    private async Task<List<string>> InboxAsync(string address)
    {
        var accounts = _services.GetRequiredService<MailCore.Storage.MailAccounts>();
        var directory = _services.GetRequiredService<MailCore.Storage.IMailDirectory>();
        var found = (MailCore.Storage.DirectoryEntry.Account)await directory.ResolveAsync(EmailAddress.Parse(address), CancellationToken.None);
        var account = (await accounts.OpenAsync(found.Id))!;
        var inbox = (await account.FindMailboxAsync(MailCore.Storage.MailboxName.Inbox))!;
        var mail = new List<string>();
        var state = (await inbox.OpenViewAsync(CancellationToken.None))!.State;
        var uids = Enumerable.Range(0, state.Count).Select(rank => state[rank].Uid).ToArray();
        foreach (var row in await inbox.ReadBatchAsync(uids, MailCore.Storage.MessageFields.All))
        {
            await using var content = (await inbox.OpenContentAsync(row))!;
            using var octets = new MemoryStream();
            await content.AsStream().CopyToAsync(octets);
            mail.Add(Encoding.UTF8.GetString(octets.ToArray()));
        }

        return mail;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(started), Is.LessThan(Guard), "It never came about.");
            await Task.Delay(2);
        }
    }
}
