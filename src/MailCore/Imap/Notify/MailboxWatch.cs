using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>
/// What NOTIFY has asked for on one connection (RFC 5465): rules, and what the client knows of mailboxes beside the selected one, in the
/// own account and in those of others that the rules reach.
/// </summary>
internal sealed class MailboxWatch : IDisposable
{
    private readonly ImapSession _session;
    private readonly List<AccountWatch> _accounts = [];
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);
    private long _looked;

    private MailboxWatch(ImapSession session, NotifyRules rules) => (_session, Rules) = (session, rules);

    public NotifyRules Rules { get; private set; }

    /// <summary>The names that the user subscribes to.</summary>
    public HashSet<string> Subscribed { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>Begins to listen; null when there is more to listen to than the options allow.</summary>
    public static async ValueTask<MailboxWatch?> StartAsync(ImapSession session, NotifyRequest request)
    {
        var watch = new MailboxWatch(session, new NotifyRules(request));
        try
        {
            if (await watch.StartAsync(request.TellsStatus))
            {
                return watch;
            }
        }
        catch
        {
            watch.Dispose();
            throw;
        }

        watch.Dispose();
        return null;
    }

    /// <summary>The client made, renamed, removed or (un)subscribed this itself, and is not told of it (RFC 5465 5).</summary>
    public void NoteOwn(MailboxName name) => _own.Add(name.Value);

    /// <summary>As <see cref="NoteOwn(MailboxName)"/>, of annotations; without a mailbox the user's own account's.</summary>
    public void NoteOwn(Mailbox? mailbox, IReadOnlyList<(string Entry, byte[]? Value)> values) =>
        _accounts.Find(watch => watch.Account == (mailbox?.Account ?? _session.Account))?.NoteOwn(mailbox?.Id, values);

    /// <summary>Whether the client did this itself with the mailbox, or with one above it.</summary>
    public bool IsOwn(string name, bool orAbove = false) =>
        _own.Contains(name)
        || (orAbove && _own.Any(own => name.Length > own.Length && name.StartsWith(own, StringComparison.Ordinal) && name[own.Length] == MailboxName.Separator));

    /// <summary>
    /// Tells what has happened in mailboxes other than the selected one. A store is asked after a hint, when the last look is too long ago,
    /// or when the caller wants to be sure.
    /// </summary>
    public async ValueTask TellAsync(bool surely = false)
    {
        if (_accounts.Count == 0)
        {
            return;
        }

        var isDue = surely || _session.Services.Time.GetElapsedTime(_looked) >= _session.Options.PollInterval;
        if (isDue)
        {
            // Of an account that begins to share no signal tells.
            await FollowAccountsAsync();
        }

        // The own account comes first: its subscriptions count in all.
        for (var i = 0; i < _accounts.Count; i++)
        {
            await _accounts[i].TellAsync(isDue);
        }

        _own.Clear();
        if (isDue)
        {
            _looked = _session.Services.Time.GetTimestamp();
        }

        if (IsTooMuch())
        {
            // RFC 5465 5.8: as after NOTIFY NONE.
            _session.Writer.Raw("* OK [NOTIFICATIONOVERFLOW] There are too many mailboxes to listen to"u8).Line();
            Dispose();
            Rules = new NotifyRules(new NotifyRequest(TellsStatus: false, []));
            _session.WakeSelection();
        }
    }

    /// <summary>The subscriptions are these now.</summary>
    public void Subscribe(HashSet<string> names)
    {
        if (Subscribed.SetEquals(names))
        {
            return;
        }

        Subscribed = names;
        foreach (var watch in _accounts.Where(watch => watch.Account != _session.Account))
        {
            watch.Reconsider();
        }
    }

    public void Dispose()
    {
        _accounts.ForEach(static watch => watch.Dispose());
        _accounts.Clear();
    }

    private async ValueTask<bool> StartAsync(bool tellsStatus)
    {
        if (Rules.Others == NotifyEvents.None)
        {
            return true;
        }

        _looked = _session.Services.Time.GetTimestamp();
        await AddAsync(_session.Account, tellsStatus);
        await FollowAccountsAsync(tellsStatus);
        return !IsTooMuch();
    }

    // Those of others come and go with what they share.
    private async ValueTask FollowAccountsAsync(bool tellsStatus = false)
    {
        if (!Rules.ReachesOthers || !_session.Services.Shares)
        {
            return;
        }

        var sharing = await _session.Services.Authorization.FindSharingAccountsAsync(_session.Identity!, _session.Aborted);
        foreach (var id in sharing)
        {
            if (!_accounts.Exists(watch => watch.Account.Id == id) && await _session.Services.Accounts.OpenAsync(id, _session.Aborted) is { } account)
            {
                await AddAsync(account, tellsStatus);
            }
        }
    }

    private async ValueTask AddAsync(MailAccount account, bool tellsStatus)
    {
        var watch = new AccountWatch(_session, this, account);
        _accounts.Add(watch);
        await watch.StartAsync(tellsStatus);
    }

    private bool IsTooMuch() => _accounts.Sum(static watch => watch.Count) > _session.Options.MaxNotifyMailboxes;
}
