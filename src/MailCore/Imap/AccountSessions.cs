using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>Counts the sessions that each account has at one endpoint. Thread-safe.</summary>
internal sealed class AccountSessions
{
    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, int> _counts = [];

    /// <summary>False when the account has as many already.</summary>
    public bool TryEnter(AccountId account, int most)
    {
        lock (_lock)
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
        lock (_lock)
        {
            if (_counts[account] == 1)
            {
                _counts.Remove(account);
            }
            else
            {
                _counts[account]--;
            }
        }
    }
}
