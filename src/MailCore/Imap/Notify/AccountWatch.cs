using MailCore.Authentication;
using MailCore.Imap.Metadata;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>
/// One account's part of a <see cref="MailboxWatch"/>. Rides on the change feed: a change of a mailbox that the client listens to is
/// looked up there, and no other is.
/// </summary>
/// <remarks>Threading: hints come from the threads of those who made a change and only wake the session; all else is the session's.</remarks>
internal sealed partial class AccountWatch(ImapSession session, MailboxWatch watch, MailAccount account) : IDisposable
{
    // Past this the mailboxes are compared as a whole, which loses nothing.
    private const int ChangeLimit = 1024;

    private readonly List<IDisposable> _hints = [];
    private readonly bool _isPersonal = account == session.Account;
    private Dictionary<MailboxId, WatchedMailbox> _known = [];
    private Dictionary<string, Guid>? _serverMetadata;
    private ModSeq _asOf;
    private bool _reconsiders;
    private volatile bool _isHinted;

    public MailAccount Account => account;

    /// <summary>Mailboxes listened to.</summary>
    public int Count { get; private set; }

    private bool IsWide => _isPersonal && watch.Rules.IsWide;

    /// <summary>Says what can't be listened to and, if asked for, where the mailboxes stand.</summary>
    public async ValueTask StartAsync(bool tellsStatus)
    {
        // Before the first look, so that nothing falls in between.
        _hints.Add(IsWide ? account.Listen(Hint) : account.ListenToStructure(Hint));
        var snapshot = await account.SnapshotAsync(session.Aborted);
        if (_isPersonal)
        {
            watch.Subscribe(snapshot.Subscriptions.ToHashSet(StringComparer.Ordinal));
        }

        _asOf = snapshot.AsOf;
        foreach (var info in snapshot.Mailboxes)
        {
            if (await FollowAsync(null, info) is { } mailbox)
            {
                _known.Add(info.Id, mailbox);
            }
        }

        if (_isPersonal && watch.Rules.Others.HasFlag(NotifyEvents.ServerMetadataChange))
        {
            _serverMetadata = WatchedMailbox.DigestsOf(await account.ReadMetadataAsync(session.Aborted));
        }

        ListenToMailboxes();
        if (Count > session.Options.MaxNotifyMailboxes)
        {
            return;
        }

        foreach (var mailbox in _known.Values.OrderBy(static mailbox => mailbox.Name, StringComparer.Ordinal))
        {
            if (mailbox.Named != NotifyEvents.None && mailbox.HasNoAccess)
            {
                WriteNoAccess(mailbox);
            }
            else if (tellsStatus && !IsSelected(mailbox.Info.Id))
            {
                WriteStatus(mailbox, mailbox.Events);
            }

            await FlushIfFullAsync();
        }
    }

    /// <summary>The subscriptions are other ones now.</summary>
    public void Reconsider() => _reconsiders = true;

    /// <summary>The client set these annotations itself.</summary>
    public void NoteOwn(MailboxId? mailbox, IReadOnlyList<(string Entry, byte[]? Value)> values)
    {
        if ((mailbox is { } id ? _known.GetValueOrDefault(id)?.Metadata : _serverMetadata) is not { } known)
        {
            return;
        }

        foreach (var (entry, value) in values)
        {
            if (value is null)
            {
                known.Remove(entry);
            }
            else
            {
                known[entry] = WatchedMailbox.DigestOf(value);
            }
        }
    }

    public async ValueTask TellAsync(bool surely)
    {
        if (!surely && !_isHinted && !_reconsiders)
        {
            return;
        }

        // Before the look: a hint that comes during it may be of a change that it misses.
        _isHinted = false;
        try
        {
            await LookAsync();
        }
        catch
        {
            _isHinted = true;
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var hint in _hints)
        {
            hint.Dispose();
        }

        _hints.Clear();
    }

    private void Hint()
    {
        _isHinted = true;
        session.Lines.Interrupt();
    }

    // Those whose changes no wide listener hears of: a change elsewhere then wakes nobody here.
    private void ListenToMailboxes()
    {
        Count = _known.Values.Count(static mailbox => mailbox.Named != NotifyEvents.None);
        if (IsWide)
        {
            return;
        }

        foreach (var hint in _hints.Skip(1))
        {
            hint.Dispose();
        }

        _hints.RemoveRange(1, _hints.Count - 1);
        foreach (var mailbox in _known.Values)
        {
            if (mailbox.Named != NotifyEvents.None)
            {
                _hints.Add(account.Listen(mailbox.Info.Id, Hint));
            }
        }
    }

    private bool IsSelected(MailboxId mailbox) => session.Selection is { } selection && selection.Mailbox.Id == mailbox && selection.Mailbox.Account == account;

    // A mailbox as it is now, with what the client has been told of it; null for one that the user may not know of.
    private async ValueTask<WatchedMailbox?> FollowAsync(WatchedMailbox? known, MailboxInfo info)
    {
        var rights = await session.RightsAsync(account.Id, info);
        if (!MailboxPermissions.Allows(rights, MailboxOperation.Lookup) || session.Namespaces.NameOf(account.Id, info.Name) is not { } name)
        {
            return null;
        }

        var mailbox = new WatchedMailbox(name, known?.Info ?? info, rights) { Named = watch.Rules.Of(name, _isPersonal, watch.Subscribed), Metadata = known?.Metadata };
        if (mailbox.Metadata is null && mailbox.Events.HasFlag(NotifyEvents.MailboxMetadataChange))
        {
            mailbox.Metadata = await ReadMetadataAsync(info.Id);
        }

        return mailbox;
    }

    // Others' private entries are not for this user.
    private async ValueTask<Dictionary<string, Guid>> ReadMetadataAsync(MailboxId mailbox) =>
        WatchedMailbox.DigestsOf((await account.OpenMailbox(mailbox).ReadMetadataAsync(session.Aborted)).Where(entry => _isPersonal || !MetadataTarget.IsPrivate(entry.Entry)));

    private ValueTask FlushIfFullAsync() => session.Writer.WantsFlush ? session.Writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
}
