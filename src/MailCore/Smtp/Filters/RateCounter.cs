namespace MailCore.Smtp.Filters;

/// <summary>
/// Counts by key with one number each: the time up to which a key has used its allowance (the generic cell rate algorithm). Thread-safe.
/// </summary>
internal sealed class RateCounter
{
    /// <summary>Keys held, unless more than these are over their allowance at once; then the one that is over it the least gives way.</summary>
    public const int MaxKeys = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _usedUpTo = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly long _each;
    private readonly long _period;

    public RateCounter(RateLimit limit, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit.Count, 1, nameof(limit));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit.Period.Ticks, nameof(limit));
        (_time, _period) = (time, limit.Period.Ticks);
        _each = Math.Max(1, limit.Period.Ticks / limit.Count);
    }

    public int Keys
    {
        get
        {
            lock (_lock)
            {
                return _usedUpTo.Count;
            }
        }
    }

    /// <summary>Counts one more; false when that is one too many, which is not counted.</summary>
    public bool TryCount(string key)
    {
        var now = _time.GetUtcNow().UtcTicks;
        lock (_lock)
        {
            var next = Math.Max(now, _usedUpTo.GetValueOrDefault(key)) + _each;
            if (next - now > _period)
            {
                return false;
            }

            if (_usedUpTo.Count >= MaxKeys && !_usedUpTo.ContainsKey(key))
            {
                Sweep(now);
            }

            _usedUpTo[key] = next;
            return true;
        }
    }

    /// <summary>Those with all their allowance go, and where that is too little an eighth of the others.</summary>
    private void Sweep(long now)
    {
        var wanted = MaxKeys / 8;
        foreach (var pair in _usedUpTo.OrderBy(static pair => pair.Value).ToList())
        {
            if (pair.Value > now && wanted <= 0)
            {
                return;
            }

            _usedUpTo.Remove(pair.Key);
            wanted--;
        }
    }
}
