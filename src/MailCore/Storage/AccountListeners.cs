using System.Collections.Immutable;

namespace MailCore.Storage;

/// <summary>
/// Those in this process who wait for changes of one account, by what they wait for: a change costs those alone who are concerned. One
/// subscription to the signal serves all of them, while there are any.
/// </summary>
internal sealed class AccountListeners(MailAccount account)
{
    // Guards the fields. The arrays are immutable, so callbacks run outside it and may listen or dispose.
    private readonly Lock _lock = new();
    private readonly Dictionary<MailboxId, ImmutableArray<Listener>> _ofMailbox = [];
    private ImmutableArray<Listener> _ofStructure = [];
    private ImmutableArray<Listener> _ofAll = [];
    private IDisposable? _signal;
    private int _count;

    /// <summary>To every change.</summary>
    public IDisposable Listen(Action hint) => Add(new Listener(this, hint, ListenerKind.All, default));

    /// <summary>To changes of one mailbox.</summary>
    public IDisposable Listen(MailboxId mailbox, Action hint) => Add(new Listener(this, hint, ListenerKind.Mailbox, mailbox));

    /// <summary>To mailboxes made, renamed, deleted and shared, subscriptions, and the account's own metadata.</summary>
    public IDisposable ListenToStructure(Action hint) => Add(new Listener(this, hint, ListenerKind.Structure, default));

    private Listener Add(Listener listener)
    {
        lock (_lock)
        {
            switch (listener.Kind)
            {
                case ListenerKind.All:
                    _ofAll = _ofAll.Add(listener);
                    break;
                case ListenerKind.Structure:
                    _ofStructure = _ofStructure.Add(listener);
                    break;
                default:
                    _ofMailbox[listener.Mailbox] = _ofMailbox.TryGetValue(listener.Mailbox, out var others) ? others.Add(listener) : [listener];
                    break;
            }

            if (++_count == 1)
            {
                _signal = account.Accounts.Signal.Listen(account.Id, Hint);
            }
        }

        return listener;
    }

    private void Remove(Listener listener)
    {
        IDisposable? signal = null;
        lock (_lock)
        {
            switch (listener.Kind)
            {
                case ListenerKind.All:
                    _ofAll = _ofAll.Remove(listener);
                    break;
                case ListenerKind.Structure:
                    _ofStructure = _ofStructure.Remove(listener);
                    break;
                case ListenerKind.Mailbox when _ofMailbox[listener.Mailbox] is { Length: > 1 } several:
                    _ofMailbox[listener.Mailbox] = several.Remove(listener);
                    break;
                default:
                    _ofMailbox.Remove(listener.Mailbox);
                    break;
            }

            if (--_count == 0)
            {
                (signal, _signal) = (_signal, null);
            }
        }

        signal?.Dispose();
    }

    private void Hint(ChangeHint hint)
    {
        ImmutableArray<Listener> all, structure;
        lock (_lock)
        {
            (all, structure) = (_ofAll, hint.HasStructure ? _ofStructure : []);
        }

        Call(all);
        Call(structure);
        if (hint.Mailboxes is { } mailboxes)
        {
            for (var i = 0; i < mailboxes.Count; i++)
            {
                ImmutableArray<Listener> concerned;
                lock (_lock)
                {
                    _ = _ofMailbox.TryGetValue(mailboxes[i], out concerned);
                }

                Call(concerned);
            }

            return;
        }

        ImmutableArray<Listener>[] any;
        lock (_lock)
        {
            any = [.. _ofMailbox.Values];
        }

        foreach (var listeners in any)
        {
            Call(listeners);
        }
    }

    private static void Call(ImmutableArray<Listener> listeners)
    {
        if (listeners.IsDefault)
        {
            return;
        }

        foreach (var listener in listeners)
        {
            listener.Hint();
        }
    }

    private enum ListenerKind
    {
        All,
        Structure,
        Mailbox,
    }

    private sealed class Listener(AccountListeners owner, Action hint, ListenerKind kind, MailboxId mailbox) : IDisposable
    {
        private int _disposed;

        public Action Hint { get; } = hint;

        public ListenerKind Kind { get; } = kind;

        public MailboxId Mailbox { get; } = mailbox;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                owner.Remove(this);
            }
        }
    }
}
