using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing.Storage;
using static MailCore.Testing.Relay.RelayQueueConformance;

namespace MailCore.Testing.Relay;

/// <summary>What comes first, and that nobody starves.</summary>
internal static class OrderCases
{
    public static IReadOnlyList<QueueConformanceCase> All { get; } =
    [
        Case(Higher_priorities_come_first), Case(Destinations_take_turns), Case(Senders_take_turns_at_a_destination), Case(A_full_destination_holds_nobody_up),
        Case(A_destination_has_no_more_than_its_share), Case(Lanes_are_apart), Case(What_is_to_wait_waits), Case(An_alarm_comes_whatever_its_destination_does),
        Case(An_alarm_counts_no_attempt), Case(The_next_due_time_is_told),
    ];

    public static async Task Higher_priorities_come_first(QueueProbe probe)
    {
        foreach (var priority in new[] { 0, -3, 6, 2 })
        {
            await probe.AddAsync("bob@example.net", alter: entry => entry with { Envelope = new Envelope(entry.Envelope.From) { Priority = priority } });
        }

        Check.Sequence([6, 2, 0, -3], (await probe.LeaseAsync()).Select(static lease => lease.Entry.Envelope.Priority), "priorities");
    }

    public static async Task Destinations_take_turns(QueueProbe probe)
    {
        for (var i = 0; i < 50; i++)
        {
            await probe.AddAsync("bob@many.example");
        }

        await probe.AddAsync("bob@few.example");
        Check.That((await probe.LeaseAsync(max: 2)).Any(static lease => lease.Hop!.Host == "few.example"), "A destination with many messages goes before one with few.");
    }

    public static async Task Senders_take_turns_at_a_destination(QueueProbe probe)
    {
        for (var i = 0; i < 50; i++)
        {
            await probe.AddAsync("bob@example.net", "bulk@example.org");
        }

        await probe.AddAsync("bob@example.net", "one@example.org");
        Check.That((await probe.LeaseAsync(max: 2)).Any(static lease => lease.Entry.Envelope.From.ToString() == "one@example.org"), "A sender of many messages goes before one of few.");
    }

    public static async Task A_full_destination_holds_nobody_up(QueueProbe probe)
    {
        for (var i = 0; i < 500; i++)
        {
            await probe.AddAsync("bob@dead.example");
        }

        await probe.AddAsync("bob@alive.example");
        var dead = new HashSet<string> { NextHop.Domain("dead.example").ToString() };
        Check.Equal("alive.example", (await probe.LeaseAsync(alter: request => request with { Full = dead })).Only("leases").Hop!.Host, "destination");
        await probe.AddAsync("bob@alive.example");
        Check.Equal("alive.example", (await probe.LeaseAsync(alter: request => request with { Resting = dead })).Only("leases").Hop!.Host, "destination");
    }

    public static async Task A_destination_has_no_more_than_its_share(QueueProbe probe)
    {
        for (var i = 0; i < 10; i++)
        {
            await probe.AddAsync("bob@example.net");
        }

        Check.Equal(3, (await probe.LeaseAsync(each: 3)).Count, "leases");
    }

    public static async Task Lanes_are_apart(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net");
        await probe.AddAsync("bob@ours.example");
        await probe.AddAsync("bob@example.net", "", static entry => entry with { Lane = QueueLane.Notification });
        await probe.AddAsync("bob@example.net", alter: static entry => entry with { Lane = QueueLane.Report });
        foreach (var lane in Enum.GetValues<QueueLane>())
        {
            Check.Equal(lane, (await probe.LeaseOneAsync(lane)).Lane, "lane");
        }
    }

    public static async Task What_is_to_wait_waits(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net", alter: entry => entry with { NotBefore = probe.Now + TimeSpan.FromHours(1) });
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases at once");
        await probe.ReopenAsync();
        probe.Clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases before the time");
        probe.Clock.Advance(TimeSpan.FromSeconds(1));
        await probe.LeaseOneAsync();
    }

    public static async Task An_alarm_comes_whatever_its_destination_does(QueueProbe probe)
    {
        await probe.AddAsync("bob@dead.example", alter: entry => entry with { Alarm = probe.Now + TimeSpan.FromHours(4) });
        var dead = new HashSet<string> { NextHop.Domain("dead.example").ToString() };
        Check.Equal(0, (await probe.LeaseAsync(alter: request => request with { Resting = dead })).Count, "leases at once");
        await probe.ReopenAsync();
        probe.Clock.Advance(TimeSpan.FromHours(4));
        var lease = (await probe.LeaseAsync(alter: request => request with { Resting = dead, Full = dead })).Only("leases");
        Check.That(lease.IsAlarm, "It is no alarm.");
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients) { Alarm = null, WasWarned = true });
        Check.Equal(0, (await probe.LeaseAsync(alter: request => request with { Resting = dead })).Count, "leases after the alarm");
        Check.That((await probe.LeaseOneAsync()).WasWarned, "The warning is forgotten.");
    }

    public static async Task An_alarm_counts_no_attempt(QueueProbe probe)
    {
        await probe.AddAsync("bob@example.net", alter: entry => entry with { Alarm = probe.Now, NotBefore = probe.Now + TimeSpan.FromHours(1) });
        var lease = await probe.LeaseOneAsync();
        Check.Equal(0, lease.Attempt, "attempts");
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients) { Alarm = null });
        Check.Equal(0, (await probe.LeaseAsync()).Count, "leases before the time");
        probe.Clock.Advance(TimeSpan.FromHours(1));
        Check.Equal(1, (await probe.LeaseOneAsync()).Attempt, "attempt");
    }

    public static async Task The_next_due_time_is_told(QueueProbe probe)
    {
        var nobody = new HashSet<string>();
        Check.Equal(null, probe.Queue.NextDue(QueueLane.Remote, nobody), "due time of an empty queue");
        var hints = 0;
        using (probe.Queue.Listen(lane => hints += lane == QueueLane.Remote ? 1 : 0))
        {
            await probe.AddAsync("bob@example.net");
            Check.That(hints > 0, "Nobody is told of a new message.");
        }

        Check.That(probe.Queue.NextDue(QueueLane.Remote, nobody) <= probe.Now, "A new message is not due.");
        var lease = await probe.LeaseOneAsync();
        await probe.CompleteAsync(new LeaseResult(lease, lease.Entry.Recipients));
        Check.Equal(probe.Now + QueueProbe.Delay, probe.Queue.NextDue(QueueLane.Remote, nobody), "due time");
    }
}
