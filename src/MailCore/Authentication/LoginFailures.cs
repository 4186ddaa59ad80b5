using System.Net;

namespace MailCore.Authentication;

/// <summary>
/// Counts failed logins by network and by user, and tells how long each answer is held back and when it is time for a ban.
/// Thread-safe.
/// </summary>
internal sealed class LoginFailures(LoginOptions options, TimeProvider time)
{
    private const int MaxCounters = 20_000;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly Dictionary<FailureKey, Counter> _counters = [];
    private readonly Lock _gate = new();

    /// <summary>Networks and users that are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _counters.Count;
            }
        }
    }

    /// <summary>Notes a failure.</summary>
    public FailureVerdict Record(EndPoint? remote, string user)
    {
        var now = time.GetUtcNow();
        var name = user.ToLowerInvariant();
        lock (_gate)
        {
            var isTrusted = IsTrusted(remote, out var network);
            var here = Find(isTrusted ? new FailureKey(network, name) : new FailureKey(network, null), now);
            here.Add(now, options.Memory);
            var everywhere = Find(new FailureKey(null, name), now);
            if (everywhere != here)
            {
                everywhere.Add(now, options.Memory);
            }

            var bansNetwork = !isTrusted && options.BanDuration > TimeSpan.Zero
                && (here.InMinute >= options.MaxFailuresPerMinute || here.InDay >= options.MaxFailuresPerDay);
            var bansUser = options.UserBanDuration > TimeSpan.Zero && everywhere.InDay >= options.MaxFailuresPerUser;
            if (bansNetwork)
            {
                here.ForgetWindows(now);
            }

            if (bansUser)
            {
                everywhere.ForgetWindows(now);
            }

            return new FailureVerdict(Delay(here.Streak), bansNetwork, bansUser);
        }
    }

    /// <summary>
    /// After a success the delay starts anew. What counts for a ban does not: otherwise one account of their own would let attackers
    /// try others without end.
    /// </summary>
    public void Forgive(EndPoint? remote, string user)
    {
        lock (_gate)
        {
            var isTrusted = IsTrusted(remote, out var network);
            if (_counters.TryGetValue(isTrusted ? new FailureKey(network, user.ToLowerInvariant()) : new FailureKey(network, null), out var counter))
            {
                counter.Streak = 0;
            }
        }
    }

    // Clients without an address share no counter either.
    private bool IsTrusted(EndPoint? remote, out IPNetwork? network)
    {
        network = ClientNetwork.Of(remote);
        return network is null || ClientNetwork.IsIn(options.AllowList, remote);
    }

    private TimeSpan Delay(int streak)
    {
        var delay = options.FailureDelay * Math.Pow(2, Math.Min(streak - 1, 30));
        return delay < options.MaxFailureDelay ? delay : options.MaxFailureDelay;
    }

    private Counter Find(FailureKey key, DateTimeOffset now)
    {
        if (_counters.TryGetValue(key, out var counter))
        {
            return counter;
        }

        counter = new Counter(now);
        if (_counters.Count >= MaxCounters)
        {
            MakeRoom(now);
        }

        // Where there is no room, those that failed often are kept.
        if (_counters.Count < MaxCounters)
        {
            _counters.Add(key, counter);
        }

        return counter;
    }

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var (key, counter) in _counters)
        {
            if (now - counter.Last > Day)
            {
                _counters.Remove(key);
            }
        }

        foreach (var (key, counter) in _counters.Count < MaxCounters ? [] : _counters)
        {
            if (counter.InDay <= 1)
            {
                _counters.Remove(key);
            }
        }
    }

    private readonly record struct FailureKey(IPNetwork? Network, string? User);

    private sealed class Counter(DateTimeOffset now)
    {
        private DateTimeOffset _minute = now;
        private DateTimeOffset _day = now;

        public DateTimeOffset Last { get; private set; } = now;

        /// <summary>Failures without a success or a long pause between them.</summary>
        public int Streak { get; set; }

        public int InMinute { get; private set; }

        public int InDay { get; private set; }

        public void Add(DateTimeOffset now, TimeSpan memory)
        {
            Streak = now - Last > memory ? 1 : Streak + 1;
            (_minute, InMinute) = now - _minute > TimeSpan.FromMinutes(1) ? (now, 1) : (_minute, InMinute + 1);
            (_day, InDay) = now - _day > Day ? (now, 1) : (_day, InDay + 1);
            Last = now;
        }

        public void ForgetWindows(DateTimeOffset now) => (_minute, InMinute, _day, InDay) = (now, 0, now, 0);
    }
}

/// <summary>What follows from a failed login.</summary>
/// <param name="Delay">Until the client is answered.</param>
/// <param name="BansNetwork">It was one too many from there.</param>
/// <param name="BansUser">It was one too many for that name.</param>
internal readonly record struct FailureVerdict(TimeSpan Delay, bool BansNetwork, bool BansUser);
