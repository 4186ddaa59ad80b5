namespace MailCore.Testing;

/// <summary>
/// Time that moves only when told to. Timers fire inside <see cref="Advance"/>, on its thread and in the order they are due; what
/// a callback throws comes out of it. Thread-safe.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    // Guards all fields, those of the timers included; callbacks run outside it.
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _armed = [];
    private DateTimeOffset _now;
    private long _armings;

    /// <summary>Starts at noon UTC on 1 July 2025.</summary>
    public ManualTimeProvider()
        : this(new DateTimeOffset(2025, 7, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>Starts at a time.</summary>
    public ManualTimeProvider(DateTimeOffset start) => _now = start.ToUniversalTime();

    /// <summary>UTC.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timestamps are ticks.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that will fire.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_lock)
            {
                return _armed.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>Moves time on, firing each timer when its moment comes; timers armed by callbacks fire too if they are due.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        DateTimeOffset end;
        lock (_lock)
        {
            end = _now + by;
        }

        while (NextDue(end) is { } timer)
        {
            timer.Fire();
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    // Sets the time to that of the timer, or to the end when none is left.
    private ManualTimer? NextDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            var next = _armed.Where(timer => timer.Due <= end).MinBy(static timer => (timer.Due, timer.Arming));
            if (next is null)
            {
                _now = end > _now ? end : _now;
                return null;
            }

            _now = next.Due > _now ? next.Due : _now;
            Arm(next, next.Period, next.Period);
            return next;
        }
    }

    // Under the lock.
    private void Arm(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        _armed.Remove(timer);
        if (dueTime < TimeSpan.Zero || timer.IsDisposed)
        {
            return;
        }

        timer.Due = _now + dueTime;
        // A period of zero means once, as with the system's timers.
        timer.Period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
        timer.Arming = ++_armings;
        _armed.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; set; }

        public long Arming { get; set; }

        public bool IsDisposed { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                owner.Arm(this, dueTime, period);
                return !IsDisposed;
            }
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                IsDisposed = true;
                owner._armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
