using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Testing;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    [Test]
    public void Time_stands_still_until_it_is_moved()
    {
        var start = _time.GetTimestamp();
        Assert.That(_time.GetUtcNow(), Is.EqualTo(DateTimeOffset.UnixEpoch));
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.That(_time.GetUtcNow(), Is.EqualTo(DateTimeOffset.UnixEpoch.AddSeconds(90)));
        Assert.That(_time.GetElapsedTime(start), Is.EqualTo(TimeSpan.FromSeconds(90)));
        Assert.That(() => _time.Advance(TimeSpan.FromSeconds(-1)), Throws.InstanceOf<ArgumentException>());
    }

    [Test]
    public void Timers_fire_in_order_and_at_their_time()
    {
        var fired = new List<string>();
        using var late = Timer("late", 3, Timeout.Infinite);
        using var often = Timer("often", 1, 1);
        using var never = Timer("never", Timeout.Infinite, 1);
        using var changed = Timer("changed", 1, 1);
        changed.Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.That(fired, Is.Empty);
        _time.Advance(TimeSpan.FromMilliseconds(2501));
        Assert.That(fired, Is.EqualTo(new[] { "often 1", "changed 2", "often 2", "late 3", "often 3" }));
        often.Dispose();
        Assert.That(often.Change(TimeSpan.Zero, TimeSpan.Zero), Is.False);
        Assert.That(_time.ArmedTimers, Is.Zero);

        ITimer Timer(string name, int due, int period) => _time.CreateTimer(
            _ => fired.Add($"{name} {_time.GetUtcNow().ToUnixTimeSeconds()}"), null, Seconds(due), Seconds(period));

        static TimeSpan Seconds(int value) => value < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(value);
    }

    [Test]
    public void A_callback_may_arm_and_dispose_timers()
    {
        var fired = 0;
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                if (++fired == 3)
                {
                    timer!.Dispose();
                }
                else
                {
                    timer!.Change(TimeSpan.FromSeconds(1), TimeSpan.Zero);
                }
            },
            null,
            TimeSpan.FromSeconds(1),
            TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(fired, Is.EqualTo(3));
        Assert.That(_time.ArmedTimers, Is.Zero);
    }

    [Test]
    public async Task Framework_waits_obey_it()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), _time);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMinutes(6), _time);
        _time.Advance(TimeSpan.FromMinutes(5));
        await delay;
        Assert.That(cancel.IsCancellationRequested, Is.False);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(cancel.IsCancellationRequested, Is.True);
    }
}
