using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>Counts the sessions of each account on one endpoint. Thread-safe.</summary>
internal sealed class UserSessions
{
    private readonly Dictionary<AccountId, int> _counts = [];
    private readonly Lock _gate = new();

    /// <summary>False when there are <paramref name="most"/> already.</summary>
    public bool TryEnter(AccountId account, int most)
    {
        lock (_gate)
        {
            var count = _counts.GetValueOrDefault(account);
            if (count >= most)
            {
                return false;
            }

            _counts[account] = count + 1;
            return true;
        }
    }

    public void Leave(AccountId account)
    {
        lock (_gate)
        {
            if (--_counts[account] == 0)
            {
                _counts.Remove(account);
            }
        }
    }
}
