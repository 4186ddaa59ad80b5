using System.Collections.Concurrent;

namespace MailCore.Dns;

/// <summary>Answers until they expire, never more than a number of them. Thread-safe.</summary>
internal sealed class DnsCache(int capacity, TimeProvider time)
{
    private readonly ConcurrentDictionary<DnsKey, DnsAnswer> _answers = new();
    private readonly Lock _sweeping = new();

    public int Count => _answers.Count;

    public DnsAnswer? Find(in DnsKey key) => _answers.TryGetValue(key, out var answer) && answer.Expires > time.GetUtcNow() ? answer : null;

    public void Add(in DnsKey key, DnsAnswer answer)
    {
        if (capacity == 0 || answer.Expires <= time.GetUtcNow())
        {
            return;
        }

        lock (_sweeping)
        {
            if (_answers.Count >= capacity)
            {
                Sweep();
            }

            _answers[key] = answer;
        }
    }

    /// <summary>What has expired goes; where that is too little, an eighth goes with it, the next to expire first.</summary>
    private void Sweep()
    {
        var now = time.GetUtcNow();
        var soonest = _answers.OrderBy(static pair => pair.Value.Expires).ToList();
        var wanted = (capacity + 7) / 8;
        foreach (var pair in soonest)
        {
            if (wanted-- <= 0 && pair.Value.Expires > now)
            {
                return;
            }

            _answers.TryRemove(pair.Key, out _);
        }
    }
}

/// <summary>A question; the name's letters are small.</summary>
internal readonly record struct DnsKey(string Name, DnsRecordType Type);
