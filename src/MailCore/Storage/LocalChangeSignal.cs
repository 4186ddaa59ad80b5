using System.Collections.Immutable;

namespace MailCore.Storage;

/// <summary>Signals within this process: enough for a store that no other process writes to.</summary>
public sealed class LocalChangeSignal : IChangeSignal
{
    // The lock guards the dictionary; the arrays are immutable, so callbacks run outside it and may listen or dispose.
    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, ImmutableArray<Listener>> _listeners = [];

    /// <summary>Listeners not yet disposed.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _listeners.Values.Sum(static of => of.Length);
            }
        }
    }

    /// <inheritdoc/>
    public IDisposable Listen(AccountId account, Action<ChangeHint> hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        var listener = new Listener(this, account, hint);
        lock (_lock)
        {
            _listeners[account] = _listeners.TryGetValue(account, out var others) ? others.Add(listener) : [listener];
        }

        return listener;
    }

    /// <inheritdoc/>
    public ValueTask RaiseAsync(AccountId account, ChangeHint hint)
    {
        ImmutableArray<Listener> listeners;
        lock (_lock)
        {
            if (!_listeners.TryGetValue(account, out listeners))
            {
                return ValueTask.CompletedTask;
            }
        }

        foreach (var listener in listeners)
        {
            listener.Hint(hint);
        }

        return ValueTask.CompletedTask;
    }

    private void Remove(Listener listener)
    {
        lock (_lock)
        {
            if (_listeners.TryGetValue(listener.Account, out var listeners))
            {
                listeners = listeners.Remove(listener);
                if (listeners.IsEmpty)
                {
                    _listeners.Remove(listener.Account);
                }
                else
                {
                    _listeners[listener.Account] = listeners;
                }
            }
        }
    }

    private sealed class Listener(LocalChangeSignal owner, AccountId account, Action<ChangeHint> hint) : IDisposable
    {
        public AccountId Account { get; } = account;

        public Action<ChangeHint> Hint { get; } = hint;

        public void Dispose() => owner.Remove(this);
    }
}
