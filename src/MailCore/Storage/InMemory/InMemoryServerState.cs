using System.Collections.Concurrent;

namespace MailCore.Storage.InMemory;

/// <summary>Server state that lasts as long as the process: at most <see cref="MaxEntries"/>, those that expire next give way.</summary>
public sealed class InMemoryServerState : IServerState
{
    /// <summary>Entries kept; strangers can cause some.</summary>
    public const int MaxEntries = 100_000;

    private const int SweepEvery = 1024;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly int _maxEntries;
    private int _sets;

    /// <summary>Starts empty.</summary>
    public InMemoryServerState(TimeProvider time)
        : this(time, MaxEntries)
    {
    }

    internal InMemoryServerState(TimeProvider time, int maxEntries)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _maxEntries) = (time, maxEntries);
    }

    /// <summary>Entries held, expired ones not yet swept included.</summary>
    internal int Count => _entries.Count;

    /// <inheritdoc/>
    public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ValueTask.FromResult(_entries.TryGetValue(key, out var entry) && entry.Expires > _time.GetUtcNow() ? entry.Value.AsSpan().ToArray() : null);
    }

    /// <inheritdoc/>
    public ValueTask SetAsync(string key, ReadOnlyMemory<byte>? value, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (value is { } given)
        {
            _entries[key] = new Entry(given.ToArray(), expires);
        }
        else
        {
            _entries.TryRemove(key, out _);
        }

        if (Interlocked.Increment(ref _sets) % SweepEvery == 0)
        {
            Sweep();
        }

        return ValueTask.CompletedTask;
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        if (_entries.Count > _maxEntries - SweepEvery)
        {
            foreach (var pair in _entries.OrderBy(static pair => pair.Value.Expires).Take(_maxEntries / 8))
            {
                _entries.TryRemove(pair);
            }
        }

        foreach (var pair in _entries)
        {
            if (pair.Value.Expires <= now)
            {
                // Only this very value: it may have been set anew meanwhile.
                _entries.TryRemove(pair);
            }
        }
    }

    private sealed record Entry(byte[] Value, DateTimeOffset Expires);
}
