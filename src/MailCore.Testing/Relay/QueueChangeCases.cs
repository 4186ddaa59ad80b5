using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing.Storage;
using static MailCore.Testing.Relay.RelayQueueConformance;

namespace MailCore.Testing.Relay;

/// <summary>What operators do.</summary>
internal static class QueueChangeCases
{
    public static IReadOnlyList<QueueConformanceCase> All { get; } =
    [
        Case(A_held_item_waits_for_its_release), Case(A_hold_survives_a_crash), Case(What_is_leased_is_held_when_it_comes_back), Case(A_retry_goes_to_a_resting_destination),
        Case(A_deleted_item_is_gone), Case(What_is_deleted_while_it_is_leased_stays_gone), Case(Filters_mean_what_they_say), Case(The_backlog_is_measured),
    ];

    public static async Task A_held_item_waits_for_its_release(QueueProbe probe)
    {
        var id = await probe.AddAsync("bob@example.net", alter: entry => entry with { Alarm = probe.Now + TimeSpan.FromHours(4) });
        Check.Equal(1, await probe.ChangeAsync(QueueAction.Hold, new QueueFilter { QueueId = id }), "items held");
        probe.Clock.Advance(TimeSpan.FromDays(9));
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases while held");
        await probe.ChangeAsync(QueueAction.Retry);
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases of a retry while held");
        await probe.ChangeAsync(QueueAction.Release);
        await probe.LeaseOneAsync();
    }

    public static async Task A_hold_survives_a_crash(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        await probe.AddAsync("bob@example.net", alter: static entry => entry with { IsHeld = true, QuarantineReason = "odd" });
        await probe.ChangeAsync(QueueAction.Hold);
        await probe.ReopenAsync();
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases");
        Check.That((await probe.ListAsync()).All(static item => item.IsHeld), "A hold is forgotten.");
        Check.Equal("odd", (await probe.ListAsync()).Skip(1).Only("second items").QuarantineReason, "reason");
    }

    public static async Task What_is_leased_is_held_when_it_comes_back(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.ChangeAsync(QueueAction.Hold);
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients));
        await probe.ReopenAsync();
        probe.Clock.Advance(TimeSpan.FromHours(1));
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases");
    }

    public static async Task A_retry_goes_to_a_resting_destination(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients));
        Check.Equal(1, await probe.ChangeAsync(QueueAction.Retry, new QueueFilter { Destination = "example.net" }), "items to be tried");
        Check.Equal(2, (await probe.LeaseAsync(alter: request => request with { Resting = new HashSet<string> { lease.Destination } })).Only("leases").Attempt, "attempt");
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases of what is leased");
    }

    public static async Task A_deleted_item_is_gone(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net carl@example.com");
        Check.Equal(1, await probe.ChangeAsync(QueueAction.Delete, new QueueFilter { Destination = "example.com" }), "items deleted");
        Check.Equal("bob@example.net", (await probe.ListAsync()).Only("items").Recipients[0], "the item left");
        await probe.ReopenAsync();
        await probe.LeaseOneAsync();
    }

    public static async Task What_is_deleted_while_it_is_leased_stays_gone(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        var lease = await probe.LeaseOneAsync();
        await probe.ChangeAsync(QueueAction.Delete);
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients));
        Check.Equal(0, (await probe.ListAsync()).Count, "items");
        await probe.ReopenAsync();
        Check.Equal(0, (await probe.ListAsync()).Count, "items after a crash");
    }

    public static async Task Filters_mean_what_they_say(QueueProbe probe)
    {
        var first = await probe.AddAsync("bob@example.net");
        await probe.AddAsync("bob@example.com", "");
        await probe.AddAsync("bob@ours.example", "dora@example.org");
        Check.Equal(first, (await probe.ListAsync(new QueueFilter { QueueId = first })).Only("by id").QueueId, "id");
        Check.Equal("bob@example.com", (await probe.ListAsync(new QueueFilter { Sender = "" })).Only("of the null sender").Recipients[0], "recipient");
        Check.Equal(first, (await probe.ListAsync(new QueueFilter { Destination = NextHop.Domain("example.net").ToString() })).Only("by destination").QueueId, "id");
        Check.Equal("dora@example.org", (await probe.ListAsync(new QueueFilter { Lane = QueueLane.Local })).Only("by lane").Sender, "sender");
        Check.Equal(2, (await probe.ListAsync(new QueueFilter { Limit = 2 })).Count, "items up to the limit");
        Check.Equal(0, await probe.ChangeAsync(QueueAction.Delete, new QueueFilter { QueueId = "NONE" }), "items deleted");
    }

    public static async Task The_backlog_is_measured(QueueProbe probe)
    {
        var start = probe.Now;
        var id = await probe.AddAsync("bob@example.net");
        probe.Clock.Advance(TimeSpan.FromMinutes(1));
        await probe.AddAsync("bob@example.net", alter: static entry => entry with { IsHeld = true });
        Check.Equal(new QueueMeasure(QueueLane.Remote, 2, 1, 2 * QueueProbe.Text(id).Length, start), probe.Queue.Measure().Only("lanes"), "measure");
    }
}
