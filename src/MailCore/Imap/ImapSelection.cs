using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>
/// The selected mailbox with its connection to the store: keeps <see cref="SelectedMailbox"/> up to date at command boundaries
/// and on hints, and writes what the client must be told.
/// </summary>
/// <remarks>Threading: the hint comes from the thread of whoever made a change and only sets a mark; all else is the session's.</remarks>
internal sealed class ImapSelection : IDisposable
{
    private readonly MailboxView _view;
    private readonly IDisposable _hints;
    private readonly TimeProvider _time;
    private readonly TimeSpan _pollInterval;
    private readonly StoreTraits _traits;
    private volatile bool _isHinted;
    private volatile Action? _onHint;
    private long _looked;

    private ImapSelection(MailboxView view, bool isReadOnly, ImapSession session)
    {
        _view = view;
        _time = session.Services.Time;
        _pollInterval = session.Options.PollInterval;
        _looked = _time.GetTimestamp();
        _traits = session.Services.Accounts.Traits;
        IsReadOnly = isReadOnly || (_traits & StoreTraits.Writes) == 0;
        Messages = new SelectedMailbox(view.State);
        _hints = view.OnHint(Hint);
    }

    public Mailbox Mailbox => _view.Mailbox;

    public SelectedMailbox Messages { get; }

    /// <summary>EXAMINE, or a store in which nothing can be changed.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether flags can be changed.</summary>
    public bool TakesFlags => !IsReadOnly && _traits.HasFlag(StoreTraits.Flags);

    /// <summary>The newest state of the mailbox, which the client may not have been told of.</summary>
    public MailboxViewState Latest => _view.State;

    /// <summary>Opens a mailbox and claims what is \Recent in it; null when it is gone.</summary>
    public static async ValueTask<ImapSelection?> OpenAsync(Mailbox mailbox, bool isReadOnly, ImapSession session)
    {
        if (await mailbox.OpenViewAsync(session.Aborted) is not { } view)
        {
            return null;
        }

        var selection = new ImapSelection(view, isReadOnly, session);
        try
        {
            await selection.ClaimRecentAsync(view.State.Info, session.Aborted);
            return selection;
        }
        catch
        {
            selection.Dispose();
            throw;
        }
    }

    /// <summary>Whom to wake at a change, for IDLE; null for nobody. Called at once when there has been one.</summary>
    public void WakeOnHint(Action? wake)
    {
        _onHint = wake;
        if (wake is not null && _isHinted)
        {
            wake();
        }
    }

    /// <summary>
    /// Tells the client what has changed since it was told last. The store is asked when there was a hint, when the last look is
    /// too long ago, or when the caller wants to be sure. False when the mailbox is gone.
    /// </summary>
    public async ValueTask<bool> SyncAsync(ImapSession session, bool mayExpunge, OwnChange? own = null, bool surely = false)
    {
        if (!await RefreshAsync(surely, session.Aborted))
        {
            return false;
        }

        var newest = _view.State;
        if (newest.Info.UidNext > Messages.State.Info.UidNext)
        {
            // May fail, and so comes before the numbers change: from then on all must be told.
            await ClaimRecentAsync(newest.Info, session.Aborted);
        }

        await WriteAsync(Messages.Update(newest, mayExpunge, own), session);
        return true;
    }

    /// <summary>Asks the store, so that <see cref="Latest"/> has all that was committed before this call.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken) => await RefreshAsync(surely: true, cancellationToken);

    /// <summary>Messages of the set that carry \Deleted now, whether the client knows of them or not.</summary>
    public async ValueTask<Uid[]> DeletedAsync(UidSet uids, CancellationToken cancellationToken)
    {
        await RefreshAsync(surely: true, cancellationToken);
        var deleted = new List<Uid>();
        foreach (var segment in Latest.Segments)
        {
            AddDeleted(segment, uids, deleted);
        }

        return [.. deleted];
    }

    /// <summary>FLAGS and PERMANENTFLAGS (RFC 3501 7.2.6, 7.1).</summary>
    public void WriteFlagNames(ImapWriter writer)
    {
        var keywords = Messages.State.Info.Keywords;
        writer.Raw("* FLAGS "u8).FlagNames(keywords, end: ""u8).Line();
        writer.Raw("* OK [PERMANENTFLAGS "u8);
        if (!TakesFlags)
        {
            writer.Raw("()"u8);
        }
        else
        {
            var hasRoom = _traits.HasFlag(StoreTraits.Keywords) && keywords.Count < StorageLimits.KeywordsPerMailbox;
            writer.FlagNames(keywords, hasRoom ? "\\*"u8 : ""u8);
        }

        writer.Raw("] Flags that last"u8).Line();
    }

    /// <summary>A FETCH response with the flags.</summary>
    public void WriteFlags(ImapWriter writer, NumberedMessage message, bool withUid)
    {
        writer.Untagged(message.Sequence).Raw("FETCH ("u8);
        if (withUid)
        {
            writer.Raw("UID "u8).Number(message.Uid.Value).Raw(" "u8);
        }

        writer.Raw("FLAGS "u8).Flags(message.FlagWord, Messages.IsRecent(message.Uid), Messages.State.Info.Keywords).Raw(")"u8).Line();
    }

    public void Dispose()
    {
        _onHint = null;
        _hints.Dispose();
    }

    private static void AddDeleted(ColumnSegment segment, UidSet uids, List<Uid> deleted)
    {
        for (var row = 0; row < segment.Count; row++)
        {
            if ((segment.Flags[row] & (ulong)SystemFlags.Deleted) != 0 && uids.Contains(new Uid(segment.Uids[row])))
            {
                deleted.Add(new Uid(segment.Uids[row]));
            }
        }
    }

    private void Hint()
    {
        _isHinted = true;
        _onHint?.Invoke();
    }

    private async ValueTask<bool> RefreshAsync(bool surely, CancellationToken cancellationToken)
    {
        if (surely || _isHinted || _time.GetElapsedTime(_looked) >= _pollInterval)
        {
            // Before the look: a hint that comes during it may be of a change that it misses.
            _isHinted = false;
            try
            {
                await _view.RefreshAsync(cancellationToken);
            }
            catch
            {
                _isHinted = true;
                throw;
            }

            _looked = _time.GetTimestamp();
        }

        return !_view.State.IsRemoved;
    }

    private async ValueTask ClaimRecentAsync(MailboxInfo info, CancellationToken cancellationToken)
    {
        var next = info.UidNext;
        if (info.RecentFrom >= next)
        {
            return;
        }

        // A view may not have noticed what others claimed.
        var from = IsReadOnly ? (await Mailbox.GetInfoAsync(cancellationToken))?.RecentFrom : await Mailbox.ClaimRecentAsync(cancellationToken);
        if (from is { } first && first < next)
        {
            Messages.AddRecent(first, new Uid(next.Value - 1));
        }
    }

    private async ValueTask WriteAsync(MailboxUpdate update, ImapSession session)
    {
        var writer = session.Writer;
        if (update.HasNewKeywords)
        {
            WriteFlagNames(writer);
        }

        foreach (var sequence in update.Expunged)
        {
            writer.Untagged(sequence).Raw("EXPUNGE"u8).Line();
            await FlushIfFullAsync(session);
        }

        foreach (var message in update.Changed)
        {
            WriteFlags(writer, message, withUid: false);
            await FlushIfFullAsync(session);
        }

        if (update.Arrived > 0)
        {
            writer.Untagged(Messages.Count).Raw("EXISTS"u8).Line();
            writer.Untagged(Messages.RecentCount).Raw("RECENT"u8).Line();
        }
    }

    private static ValueTask FlushIfFullAsync(ImapSession session) =>
        session.Writer.WantsFlush ? session.Writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
}
