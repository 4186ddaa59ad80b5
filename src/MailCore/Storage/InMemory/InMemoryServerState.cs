using System.Collections.Concurrent;

namespace MailCore.Storage.InMemory;

/// <summary>Server state that lasts as long as the process.</summary>
public sealed class InMemoryServerState : IServerState
{
    private const int SweepEvery = 1024;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private int _sets;

    /// <summary>Starts empty.</summary>
    public InMemoryServerState(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
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
