using System.Collections.Concurrent;
using MailCore.Storage;

namespace MailCore.Pop3;

/// <summary>Which accounts' mail drops are open exclusively in this process. Thread-safe.</summary>
public sealed class Pop3MailDropLocks
{
    private readonly ConcurrentDictionary<AccountId, Lock> _open = new();

    /// <summary>Mail drops open now.</summary>
    public int Count => _open.Count;

    /// <summary>Null when another session has it; disposing gives it back.</summary>
    internal IDisposable? TryEnter(AccountId account)
    {
        var mine = new Lock(this, account);
        return _open.TryAdd(account, mine) ? mine : null;
    }

    private sealed class Lock(Pop3MailDropLocks owner, AccountId account) : IDisposable
    {
        // Only this very lock: a second disposal must not free what somebody else took meanwhile.
        public void Dispose() => owner._open.TryRemove(new(account, this));
    }
}
