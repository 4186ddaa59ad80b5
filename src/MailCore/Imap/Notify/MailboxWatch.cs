using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Metadata;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>
/// What NOTIFY has asked for on one connection (RFC 5465), and what its client knows of the mailboxes beside the selected one. Rides on
/// the change feed: a change of a mailbox that the client listens to is looked up there, and no other is.
/// </summary>
/// <remarks>Threading: hints come from the threads of those who made a change and only wake the session; all else is the session's.</remarks>
internal sealed partial class MailboxWatch : IDisposable
{
    // Past this the mailboxes are compared as a whole, which loses nothing.
    private const int ChangeLimit = 1024;

    private readonly ImapSession _session;
    private readonly MailAccount _account;
    private readonly List<IDisposable> _hints = [];
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);
    private Dictionary<MailboxId, WatchedMailbox> _known = [];
    private HashSet<string> _subscribed = new(StringComparer.Ordinal);
    private Dictionary<string, Guid>? _serverMetadata;
    private ModSeq _asOf;
    private long _looked;
    private volatile bool _isHinted;

    private MailboxWatch(ImapSession session, NotifyRules rules) => (_session, _account, Rules) = (session, session.Account, rules);

    public NotifyRules Rules { get; private set; }

    /// <summary>Begins to listen; null when there is more to listen to than the options allow.</summary>
    public static async ValueTask<MailboxWatch?> StartAsync(ImapSession session, NotifyRequest request)
    {
        var watch = new MailboxWatch(session, new NotifyRules(request));
        try
        {
            return await watch.StartAsync(request.TellsStatus) ? watch : Drop(watch);
        }
        catch
        {
            watch.Dispose();
            throw;
        }
    }

    /// <summary>The client made, renamed, removed or (un)subscribed this itself, and is not told of it (RFC 5465 5).</summary>
    public void NoteOwn(MailboxName name) => _own.Add(name.Value);

    /// <summary>As <see cref="NoteOwn(MailboxName)"/>, of annotations; without a mailbox the account's.</summary>
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

    /// <summary>
    /// Tells what has happened in mailboxes other than the selected one. The store is asked after a hint, when the last look is too long
    /// ago, or when the caller wants to be sure.
    /// </summary>
    public async ValueTask TellAsync(bool surely = false)
    {
        if (_hints.Count == 0 || (!surely && !_isHinted && _session.Services.Time.GetElapsedTime(_looked) < _session.Options.PollInterval))
        {
            _own.Clear();
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

        _own.Clear();
        _looked = _session.Services.Time.GetTimestamp();
    }

    public void Dispose()
    {
        foreach (var hint in _hints)
        {
            hint.Dispose();
        }

        _hints.Clear();
    }

    private static MailboxWatch? Drop(MailboxWatch watch)
    {
        watch.Dispose();
        return null;
    }

    private async ValueTask<bool> StartAsync(bool tellsStatus)
    {
        if (Rules.Others == NotifyEvents.None)
        {
            return true;
        }

        // Before the first look, so that nothing falls in between.
        _hints.Add(Rules.IsWide ? _account.Listen(Hint) : _account.ListenToStructure(Hint));
        var snapshot = await _account.SnapshotAsync(_session.Aborted);
        _subscribed = snapshot.Subscriptions.ToHashSet(StringComparer.Ordinal);
        _asOf = snapshot.AsOf;
        _looked = _session.Services.Time.GetTimestamp();
        foreach (var info in snapshot.Mailboxes)
        {
            if (await MeetAsync(info) is { } mailbox)
            {
                _known.Add(info.Id, mailbox);
            }
        }

        if (IsTooMuch())
        {
            return false;
        }

        if (Rules.Others.HasFlag(NotifyEvents.ServerMetadataChange))
        {
            _serverMetadata = WatchedMailbox.DigestsOf(await _account.ReadMetadataAsync(_session.Aborted));
        }

        ListenToMailboxes();
        foreach (var mailbox in _known.Values.OrderBy(static mailbox => mailbox.Info.Name, StringComparer.Ordinal))
        {
            if (mailbox.Named != NotifyEvents.None && mailbox.HasNoAccess)
            {
                WriteNoAccess(mailbox);
            }
            else if (tellsStatus && !IsSelected(mailbox.Info.Id))
            {
                WriteStatus(mailbox.Info, mailbox.Events, mailbox.Events);
            }

            await FlushIfFullAsync();
        }

        return true;
    }

    private void Hint()
    {
        _isHinted = true;
        _session.Lines.Interrupt();
    }

    // Those whose changes no wide listener hears of: a change elsewhere then wakes nobody here.
    private void ListenToMailboxes()
    {
        if (Rules.IsWide)
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
                _hints.Add(_account.Listen(mailbox.Info.Id, Hint));
            }
        }
    }

    private bool IsTooMuch() => _known.Values.Count(static mailbox => mailbox.Named != NotifyEvents.None) > _session.Options.MaxNotifyMailboxes;

    private bool IsSelected(MailboxId mailbox) => _session.Selection?.Mailbox.Id == mailbox;

    // A mailbox as it is now; null for one that the user may not know of.
    private async ValueTask<WatchedMailbox?> MeetAsync(MailboxInfo info)
    {
        var rights = await _session.RightsAsync(info.Name);
        if (!rights.HasFlag(MailboxRights.Lookup))
        {
            return null;
        }

        var mailbox = new WatchedMailbox(info, rights) { Named = Rules.Of(info.Name, isPersonal: true, _subscribed) };
        if (mailbox.Events.HasFlag(NotifyEvents.MailboxMetadataChange))
        {
            mailbox.Metadata = WatchedMailbox.DigestsOf(await ReadMetadataAsync(info.Id));
        }

        return mailbox;
    }

    private ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId mailbox) => _account.OpenMailbox(mailbox).ReadMetadataAsync(_session.Aborted);

    private ValueTask FlushIfFullAsync() => _session.Writer.WantsFlush ? _session.Writer.FlushAsync(_session.Aborted) : ValueTask.CompletedTask;
}
