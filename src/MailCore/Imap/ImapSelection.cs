using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Search;
using MailCore.Imap.Sorting;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>
/// The selected mailbox with its connection to the store: keeps <see cref="SelectedMailbox"/> up to date at command boundaries
/// and on hints, and writes what the client must be told.
/// </summary>
/// <remarks>Threading: the hint comes from the thread of whoever made a change and only sets a mark; all else is the session's.</remarks>
internal sealed partial class ImapSelection : IDisposable
{
    private const MailboxRights Altering =
        MailboxRights.Seen | MailboxRights.Write | MailboxRights.Insert | MailboxRights.DeleteMessages | MailboxRights.Expunge;

    private readonly MailboxView _view;
    private readonly IDisposable _hints;
    private readonly TimeProvider _time;
    private readonly TimeSpan _pollInterval;
    private readonly ImapSession _session;
    private readonly StoreTraits _traits;
    private volatile bool _isHinted;
    private volatile Action? _onHint;
    private long _looked;

    // Null before the first look of one's own: what let the mailbox be opened was of an earlier one.
    private MailboxInfo? _rightsAsOf;

    private ImapSelection(MailboxView view, MailboxRights rights, bool isReadOnly, ImapSession session)
    {
        var state = view.State;
        _view = view;
        _session = session;
        _time = session.Services.Time;
        _pollInterval = session.Options.PollInterval;
        _looked = _time.GetTimestamp();
        _traits = session.Services.Accounts.Traits;
        // RFC 4314 5.1.1: who may alter nothing reads.
        IsReadOnly = isReadOnly || (rights & Altering) == 0 || (_traits & StoreTraits.Writes) == 0;
        Rights = rights;
        Latest = state;
        Messages = new SelectedMailbox(state);
        _hints = view.OnHint(Hint);
        // What changed before anybody listened: the rights must not be old.
        _isHinted = !HasAllRights;
    }

    public Mailbox Mailbox => _view.Mailbox;

    public SelectedMailbox Messages { get; }

    /// <summary>Searches whose results the client follows.</summary>
    public SearchContexts Contexts { get; } = new();

    /// <summary>EXAMINE, a user who may alter nothing, or a store in which nothing can be changed.</summary>
    public bool IsReadOnly { get; }

    /// <summary>What the client calls it.</summary>
    public string Name => _session.Namespaces.NameOf(Mailbox.Account.Id, Latest.Info.Name) ?? Latest.Info.Name;

    /// <summary>Of the user here, as of the last look at the store.</summary>
    public MailboxRights Rights { get; private set; }

    /// <summary>Whether the user may do this here, as of the last look at the store.</summary>
    public bool Allows(MailboxOperation operation) => MailboxPermissions.Allows(Rights, operation);

    // Whatever happens.
    private bool HasAllRights => _session.Services.OwnersMayAll && Mailbox.Account == _session.Account;

    /// <summary>Whether the user may alter all of these flags here.</summary>
    public bool AllowsFlags(FlagList flags) =>
        (flags.Flags & ~MailboxAccess.Alterable(Rights)) == 0 && (flags.Keywords.Count == 0 || Allows(MailboxOperation.StoreFlags));

    /// <summary>Whether flags can be changed.</summary>
    public bool TakesFlags => !IsReadOnly && _traits.HasFlag(StoreTraits.Flags);

    /// <summary>The newest state of the mailbox, which the client may not have been told of.</summary>
    public MailboxViewState Latest { get; private set; }

    /// <summary>Opens a mailbox and claims what is \Recent in it; null when it is gone.</summary>
    public static async ValueTask<ImapSelection?> OpenAsync(MailboxAccess access, bool isReadOnly, ImapSession session)
    {
        if (await access.Mailbox!.OpenViewAsync(session.Aborted) is not { } view)
        {
            return null;
        }

        var selection = new ImapSelection(view, access.Rights, isReadOnly, session);
        try
        {
            await selection.ClaimRecentAsync(selection.Latest.Info, session.Aborted);
            return selection;
        }
        catch
        {
            selection.Dispose();
            throw;
        }
    }

    /// <summary>For messages that are to be sorted or threaded, with what is known of them already.</summary>
    public KeyedMessages OpenKeys(KeyKind[] kinds, bool withSizes = false)
    {
        var (account, mailbox, cache) = (Mailbox.Account.Id, Latest.Info, _session.Services.Keys);
        return new KeyedMessages(cache.Open(account, mailbox), kinds, (int)Math.Min(mailbox.Messages, int.MaxValue))
        {
            WithSizes = withSizes,
            OnDispose = () => cache.Settle(account, mailbox, _session.Options.SortMemory),
        };
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
    /// Whether the mailbox is still there for this user. An owner's is looked at when the client is told of changes; another's whenever
    /// anything has changed in the account, before the next command begins.
    /// </summary>
    public ValueTask<bool> HoldsAsync() => HasAllRights
        ? ValueTask.FromResult(true)
        : RefreshAsync(surely: false, _session.Aborted);

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

        var newest = Latest;
        if (newest.Info.UidNext > Messages.State.Info.UidNext)
        {
            // May fail, and so comes before the numbers change: from then on all must be told.
            await ClaimRecentAsync(newest.Info, session.Aborted);
        }

        await WriteAsync(Messages.Update(newest, RulesFor(mayExpunge, own)), session);
        return true;
    }

    /// <summary>
    /// Where expunges are owed, says up to where the client may believe that it knows everything (RFC 7162 3.2): it has perhaps been
    /// told a later ModSeq.
    /// </summary>
    public void WarnOfOwedExpunges(ImapWriter writer)
    {
        if (Messages.OwesExpunges && _session.Has(ImapFeatures.QResync))
        {
            WriteHighestModSeq(writer, "Expunges are still to be told"u8);
        }
    }

    /// <summary>"* OK [HIGHESTMODSEQ n]" with the last of which the client has been told everything.</summary>
    public void WriteHighestModSeq(ImapWriter writer, ReadOnlySpan<byte> text) =>
        writer.Raw("* OK ["u8).Raw(HighestModSeqCode).Raw("] "u8).Raw(text).Line();

    /// <summary>The response code of RFC 7162 3.1.2.1; 0 is no ModSeq, not even of an empty mailbox.</summary>
    public string HighestModSeqCode => $"HIGHESTMODSEQ {Math.Max(1, Messages.ToldModSeq.Value)}";

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

    /// <summary>VANISHED (EARLIER) for those of the UIDs that left after a ModSeq (RFC 7162 3.2.6).</summary>
    public ValueTask WriteVanishedAsync(ImapSession session, UidSet uids, ModSeq since) =>
        WriteVanishedAsync(session, new ResyncRequest(Messages.State.Info.UidValidity, since, uids, SequenceMatches.None));

    /// <summary>What has changed since a client was here last (RFC 7162 3.2.5.1); nothing when it knew another mailbox.</summary>
    public async ValueTask ResyncAsync(ImapSession session, ResyncRequest request)
    {
        var state = Messages.State;
        if (request.UidValidity != state.Info.UidValidity)
        {
            return;
        }

        await WriteVanishedAsync(session, request);
        var before = 0;
        for (var i = 0; i < state.Segments.Length; i++)
        {
            var segment = state.Segments[i];
            for (var row = 0; row < segment.Count; row++)
            {
                if (segment.ModSeqs[row] > request.Since.Value && request.Known.Contains(new Uid(segment.Uids[row])))
                {
                    WriteFlags(session.Writer, new NumberedMessage(before + row + 1, state[before + row], isDeparted: false), withUid: true);
                    await FlushIfFullAsync(session);
                }
            }

            before += segment.Count;
        }
    }

    /// <summary>FLAGS and PERMANENTFLAGS (RFC 3501 7.2.6, 7.1).</summary>
    public void WriteFlagNames(ImapWriter writer)
    {
        var keywords = Messages.State.Info.Keywords;
        writer.Raw("* FLAGS "u8).FlagNames(keywords).Line();
        writer.Raw("* OK [PERMANENTFLAGS "u8);
        if (!TakesFlags)
        {
            writer.Raw("()"u8);
        }
        else
        {
            var alterable = MailboxAccess.FlagsAllowed(Rights);
            var hasRoom = alterable.Keywords && _traits.HasFlag(StoreTraits.Keywords) && keywords.Count < StorageLimits.KeywordsPerMailbox;
            writer.FlagNames(alterable, keywords, hasRoom ? "\\*"u8 : ""u8);
        }

        writer.Raw("] Flags that last"u8).Line();
    }

    /// <summary>Whether the message has \Recent, which RFC 9051 does not know.</summary>
    public bool ShowsRecent(Uid uid) => !_session.Has(ImapFeatures.Rev2) && Messages.IsRecent(uid);

    /// <summary>EXISTS and, before RFC 9051, RECENT.</summary>
    public void WriteCounts(ImapWriter writer)
    {
        writer.Untagged(Messages.Count).Raw("EXISTS"u8).Line();
        if (!_session.Has(ImapFeatures.Rev2))
        {
            writer.Untagged(Messages.RecentCount).Raw("RECENT"u8).Line();
        }
    }

    /// <summary>A FETCH response with the flags.</summary>
    public void WriteFlags(ImapWriter writer, NumberedMessage message, bool withUid)
    {
        BeginFetch(writer, message, withUid).Raw("FLAGS "u8).Flags(message.FlagWord, ShowsRecent(message.Uid), Messages.State.Info.Keywords);
        EndFetch(writer, message);
    }

    /// <summary>A FETCH response for a client that knows the flags and not the ModSeq (RFC 7162 3.1.3).</summary>
    public void WriteModSeq(ImapWriter writer, NumberedMessage message, bool withUid) =>
        BeginFetch(writer, message, withUid).Raw("MODSEQ ("u8).Number(message.ModSeq.Value).Raw("))"u8).Line();

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

    private UpdateRules RulesFor(bool mayExpunge, OwnChange? own) =>
        _session.Has(ImapFeatures.CondStore) ? new UpdateRules(mayExpunge, TellsModSeqs: true, own)
        : own is not null ? new UpdateRules(mayExpunge, TellsModSeqs: false, own)
        : mayExpunge ? UpdateRules.All : UpdateRules.Withhold;

    // With its UID by RFC 7162 3.2.4 and RFC 9051 7.5.2.
    private ImapWriter BeginFetch(ImapWriter writer, NumberedMessage message, bool withUid)
    {
        writer.BeginFetch(message.Sequence, message.Uid);
        return !_session.Has(ImapFeatures.UidOnly) && (withUid || _session.Has(ImapFeatures.QResync | ImapFeatures.Rev2)) ? writer.Raw("UID "u8).Number(message.Uid.Value).Raw(" "u8) : writer;
    }

    private void EndFetch(ImapWriter writer, NumberedMessage message)
    {
        if (_session.Has(ImapFeatures.CondStore))
        {
            writer.Raw(" MODSEQ ("u8).Number(message.ModSeq.Value).Raw(")"u8);
        }

        writer.Raw(")"u8).Line();
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

        return await MayGoOnAsync();
    }

    // Others who show the mailbox may have refreshed the view meanwhile: rows and rights must be of one state.
    private async ValueTask<bool> MayGoOnAsync()
    {
        Latest = _view.State;
        if (!ReferenceEquals(Latest.Info, _rightsAsOf) || !_session.Services.OwnersMayAll)
        {
            _rightsAsOf = Latest.Info;
            Rights = await _session.RightsAsync(Mailbox.Account.Id, Latest.Info);
        }

        return !Latest.IsRemoved && Allows(MailboxOperation.Read);
    }

    private async ValueTask ClaimRecentAsync(MailboxInfo info, CancellationToken cancellationToken)
    {
        var next = info.UidNext;
        if (info.RecentFrom >= next || _session.Has(ImapFeatures.Rev2))
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

    private async ValueTask WriteVanishedAsync(ImapSession session, ResyncRequest request)
    {
        if (request.Since < Messages.State.Info.HighestModSeq)
        {
            var history = await Mailbox.VanishedSinceAsync(request.Since, session.Aborted);
            await VanishedResponse.WriteEarlierAsync(session, request.Vanished(Messages.State, history));
        }
    }

    private async ValueTask WriteAsync(MailboxUpdate update, ImapSession session)
    {
        var writer = session.Writer;
        if (update.HasNewKeywords)
        {
            WriteFlagNames(writer);
        }

        Contexts.TellVanished(writer, update);
        if (session.Has(ImapFeatures.QResync | ImapFeatures.UidOnly))
        {
            await VanishedResponse.WriteAsync(session, update.Vanished);
        }
        else
        {
            foreach (var sequence in update.Expunged)
            {
                writer.Untagged(sequence).Raw("EXPUNGE"u8).Line();
                await FlushIfFullAsync(session);
            }
        }

        foreach (var message in TellsFlags ? update.Changed : [])
        {
            // RFC 5465 5.1.
            WriteFlags(writer, message, withUid: session.Watch is not null);
            await FlushIfFullAsync(session);
        }

        if (update.Arrived > 0)
        {
            WriteCounts(writer);
        }

        await Contexts.TellAlteredAsync(session, Mailbox, Messages, update);
        if (update.Arrived > 0)
        {
            await FetchArrivedAsync(Messages.Count - update.Arrived + 1);
        }
    }

    private static ValueTask FlushIfFullAsync(ImapSession session) =>
        session.Writer.WantsFlush ? session.Writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
}
