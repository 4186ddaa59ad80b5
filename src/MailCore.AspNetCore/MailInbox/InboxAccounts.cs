using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>An account that is shown.</summary>
internal sealed record InboxAccount(AccountId Id, string Address);

/// <summary>The accounts that are shown: those of the directory that the host's filter passes. Thread-safe.</summary>
internal sealed class InboxAccounts(MailAccounts accounts, IMailDirectory directory, MailInboxOptions options)
{
    private const int RecentViews = 64;

    // Held, so that the next request finds them loaded; two threads may put one in twice.
    private readonly MailboxView?[] _recent = new MailboxView?[RecentViews];
    private int _next;

    // Replaced as a whole.
    private volatile Dictionary<AccountId, InboxAccount> _known = [];

    /// <summary>Asks the directory.</summary>
    public async ValueTask<IReadOnlyCollection<InboxAccount>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new Dictionary<AccountId, InboxAccount>();
        await foreach (var account in directory.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (found.Count == options.MaxAccounts)
            {
                break;
            }

            if (options.ShowsAccount(account.Address))
            {
                found[account.Id] = new InboxAccount(account.Id, account.Address.ToString());
            }
        }

        _known = found;
        return found.Values;
    }

    /// <summary>Those of one address, or all.</summary>
    public async ValueTask<IReadOnlyCollection<InboxAccount>> ListAsync(string? address, CancellationToken cancellationToken)
    {
        var all = await ListAsync(cancellationToken).ConfigureAwait(false);
        return address is null ? all : [.. all.Where(account => account.Address.Equals(address, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>Null when there is none, or it is not shown.</summary>
    public async ValueTask<InboxAccount?> FindAsync(AccountId id, CancellationToken cancellationToken)
    {
        if (!_known.ContainsKey(id))
        {
            await ListAsync(cancellationToken).ConfigureAwait(false);
        }

        return _known.GetValueOrDefault(id);
    }

    public ValueTask<MailAccount?> OpenAsync(InboxAccount account, CancellationToken cancellationToken) => accounts.OpenAsync(account.Id, cancellationToken);

    /// <summary>The mailbox's rows. The views used last are held: loading one costs more than a page.</summary>
    public async ValueTask<MailboxViewState?> ReadRowsAsync(Mailbox mailbox, CancellationToken cancellationToken)
    {
        if (await mailbox.OpenViewAsync(cancellationToken).ConfigureAwait(false) is not { } view)
        {
            return null;
        }

        Keep(view);
        return view.State;
    }

    private void Keep(MailboxView view)
    {
        if (Array.IndexOf(_recent, view) < 0)
        {
            _recent[(uint)Interlocked.Increment(ref _next) % RecentViews] = view;
        }
    }
}
