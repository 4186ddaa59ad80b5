using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing.Storage;
using static MailCore.Testing.Relay.RelayQueueConformance;

namespace MailCore.Testing.Relay;

/// <summary>Nothing lost, nothing twice but after a crash.</summary>
internal static class LeaseCases
{
    public static IReadOnlyList<QueueConformanceCase> All { get; } =
    [
        Case(What_is_leased_is_what_was_enqueued), Case(A_repeat_of_a_queue_id_changes_nothing), Case(Recipients_of_one_hop_are_one_item),
        Case(A_leased_item_is_not_leased_again), Case(Concurrent_workers_never_share_an_item), Case(A_lease_that_never_comes_back_is_due_when_it_said),
        Case(A_stale_lease_completes_nothing), Case(A_renewed_lease_holds_longer), Case(A_completed_item_is_gone_with_its_content),
        Case(Remaining_recipients_wait_and_keep_their_reply), Case(What_was_not_tried_counts_no_attempt), Case(A_crash_loses_nothing_and_keeps_the_attempt),
        Case(A_crash_brings_no_retry_storm), Case(Wishes_survive_a_crash),
    ];

    public static async Task What_is_leased_is_what_was_enqueued(QueueProbe probe)
    {
        var id = await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        Check.Equal(id, lease.Entry.QueueId, "queue id");
        Check.Equal("anna@example.org", lease.Entry.Envelope.From.ToString(), "sender");
        Check.Equal("bob@example.net", lease.Entry.Recipients.Only().Recipient.ToString(), "recipient");
        Check.Equal(NextHop.Domain("example.net"), lease.Hop, "hop");
        Check.Equal(1, lease.Attempt, "attempt");
        Check.Equal(probe.Now + QueueProbe.Delay, lease.NextAttempt, "next attempt");
        Check.Equal(QueueProbe.Text(id), await probe.ReadAsync(lease), "content");
    }

    public static async Task A_repeat_of_a_queue_id_changes_nothing(QueueProbe probe)
    {
        var entry = probe.Entry("bob@example.net");
        await probe.AddAsync(entry);
        await probe.AddAsync(entry);
        Check.Equal(1, (await probe.ListAsync()).Count, "items");
        await probe.LeaseOneAsync();
        await probe.AddAsync(entry);
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases after a repeat");
    }

    public static async Task Recipients_of_one_hop_are_one_item(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net carl@example.com dora@example.net eve@ours.example");
        var leases = await probe.LeaseAsync();
        Check.Sequence(["carl@example.com", "bob@example.net dora@example.net"], leases.Select(Recipients).Order(StringComparer.Ordinal).Reverse(), "items");
        Check.Equal("eve@ours.example", Recipients(await probe.LeaseOneAsync(QueueLane.Local)), "local item");
    }

    public static async Task A_leased_item_is_not_leased_again(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        await probe.LeaseOneAsync();
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases");
    }

    public static async Task Concurrent_workers_never_share_an_item(QueueProbe probe)
    {
        for (var i = 0; i < 200; i++)
        {
            await probe.AddAsync($"bob@d{i % 7}.example");
        }

        var given = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var mine = new List<QueueLease>();
            while (await probe.LeaseAsync(max: 3) is { Count: > 0 } leases)
            {
                mine.AddRange(leases);
            }

            return mine;
        })));
        Check.Equal(200, given.SelectMany(static mine => mine).Select(static lease => lease.Item).Distinct().Count(), "different items");
        Check.Equal(200, given.Sum(static mine => mine.Count), "leases");
    }

    public static async Task A_lease_that_never_comes_back_is_due_when_it_said(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        probe.Clock.Advance(QueueProbe.Delay - TimeSpan.FromMilliseconds(1));
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases before the time");
        probe.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Check.Equal(2, (await probe.LeaseOneAsync()).Attempt, "attempt");
        Check.Equal(1, lease.Attempt, "attempt of the lost lease");
    }

    public static async Task A_stale_lease_completes_nothing(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var stale = await probe.LeaseOneAsync();
        probe.Clock.Advance(QueueProbe.Delay);
        var lease = await probe.LeaseOneAsync();
        await probe.CompleteAsync(LeaseResult.Done(stale));
        Check.Equal(1, (await probe.ListAsync()).Count, "items after the stale result");
        await probe.CompleteAsync(LeaseResult.Done(lease));
        await probe.CompleteAsync(LeaseResult.Done(lease));
        Check.Equal(0, (await probe.ListAsync()).Count, "items after the result");
    }

    public static async Task A_renewed_lease_holds_longer(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.Queue.RenewAsync([lease], probe.Now + (2 * QueueProbe.Delay), CancellationToken.None);
        probe.Clock.Advance(QueueProbe.Delay * 1.5);
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases");
        await probe.CompleteAsync(LeaseResult.Done(lease));
        Check.Equal(0, (await probe.ListAsync()).Count, "items");
    }

    public static async Task A_completed_item_is_gone_with_its_content(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net carl@example.com");
        var leases = await probe.LeaseAsync();
        Check.Equal(2, leases.Count, "leases");
        await probe.CompleteAsync(LeaseResult.Done(leases[0]));
        Check.NotNull(await probe.ReadAsync(leases[1]), "content for the other item");
        await probe.CompleteAsync(LeaseResult.Done(leases[1]));
        Check.That(await probe.ReadAsync(leases[1]) is null, "The content is still there.");
        Check.Equal(0, probe.Queue.Measure().Count, "lanes with something");
        probe.Clock.Advance(TimeSpan.FromDays(1));
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases");
    }

    public static async Task Remaining_recipients_wait_and_keep_their_reply(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net dora@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.CompleteAsync(new LeaseResult(lease, [lease.Entry.Recipients[1]]) { Reply = "450 4.2.1 later", WasWarned = true, NextAttempt = probe.Now + TimeSpan.FromMinutes(9) });
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases at once");
        probe.Clock.Advance(TimeSpan.FromMinutes(9));
        var again = await probe.LeaseOneAsync();
        Check.Equal("dora@example.net", Recipients(again), "recipients");
        Check.Equal("450 4.2.1 later", again.LastReply, "reply");
        Check.That(again.WasWarned, "The warning is forgotten.");
    }

    public static async Task What_was_not_tried_counts_no_attempt(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients) { WasNotTried = true, NextAttempt = probe.Now });
        Check.Equal(1, (await probe.LeaseOneAsync()).Attempt, "attempt");
    }

    public static async Task A_crash_loses_nothing_and_keeps_the_attempt(QueueProbe probe)
    {
        var id = await probe.AddAsync("bob@example.net");
        await probe.LeaseOneAsync();
        if (!await probe.ReopenAsync())
        {
            return;
        }

        var item = (await probe.ListAsync()).Only("items");
        Check.Equal(1, item.Attempts, "attempts");
        probe.Clock.Advance(QueueProbe.Delay);
        var lease = await probe.LeaseOneAsync();
        Check.Equal(2, lease.Attempt, "attempt");
        Check.Equal(QueueProbe.Text(id), await probe.ReadAsync(lease), "content");
        await probe.CompleteAsync(LeaseResult.Done(lease));
        Check.That(await probe.ReopenAsync(), "The queue can't be opened a second time.");
        Check.Equal(0, (await probe.ListAsync()).Count, "items after the end");
    }

    public static async Task A_crash_brings_no_retry_storm(QueueProbe probe)
    {
        for (var i = 0; i < 50; i++)
        {
            await probe.AddAsync($"bob@d{i}.example");
        }

        Check.Equal(50, (await probe.LeaseAsync()).Count, "leases");
        if (await probe.ReopenAsync())
        {
            Check.Equal(0, (await probe.LeaseAsync()).Count, "leases right after the crash");
        }
    }

    public static async Task Wishes_survive_a_crash(QueueProbe probe)
    {
        var entry = probe.Entry("bob@example.net", alter: entry => entry with
        {
            Envelope = new Envelope(new ReversePath(EmailAddress.Parse("\"odd one\"@example.org")))
            {
                Body = BodyType.EightBitMime,
                SmtpUtf8 = true,
                EnvelopeId = "id 1",
                Return = ReportContent.Headers,
                RequireTls = true,
                DeliverBy = new DeliverBy(probe.Now + TimeSpan.FromHours(3), DeadlineAction.Return, IsTraced: true),
                Priority = 4,
            },
            Recipients = [new QueueRecipient(new Recipient(EmailAddress.Parse("\"b b\"@example.net")) { Notify = ReportEvents.Success | ReportEvents.Delay, Original = new OriginalRecipient("rfc822", "b@x") }, NextHop.Smtp("mx.example.net", 2525))],
            AddedFields = "X-Added: yes\r\n"u8.ToArray(),
            IsTlsNotRequired = true,
        });
        await probe.AddAsync(entry);
        await probe.ReopenAsync();
        var lease = await probe.LeaseOneAsync();
        var (envelope, recipient) = (lease.Entry.Envelope, lease.Entry.Recipients.Only());
        Check.Equal(entry.Envelope.From, envelope.From, "sender");
        Check.Equal(entry.Envelope.DeliverBy, envelope.DeliverBy, "DeliverBy");
        Check.Equal("EightBitMime True id 1 Headers True 4", $"{envelope.Body} {envelope.SmtpUtf8} {envelope.EnvelopeId} {envelope.Return} {envelope.RequireTls} {envelope.Priority}", "wishes");
        Check.Equal(entry.Recipients[0].Recipient.Address, recipient.Recipient.Address, "recipient");
        Check.Equal(entry.Recipients[0].Recipient.Notify, recipient.Recipient.Notify, "NOTIFY");
        Check.Equal(entry.Recipients[0].Recipient.Original, recipient.Recipient.Original, "ORCPT");
        Check.Equal(entry.Recipients[0].Hop, lease.Hop, "hop");
        Check.Equal(true, lease.Entry.IsTlsNotRequired, "TLS-Required");
        Check.Octets(entry.AddedFields, lease.Entry.AddedFields, "added fields");
    }

    private static string Recipients(QueueLease lease) => string.Join(' ', lease.Entry.Recipients.Select(static recipient => recipient.Recipient));
}
