namespace MailCore.Storage;

public sealed partial class MailboxBook
{
    private static readonly TimeSpan DeliveryKeysKept = TimeSpan.FromDays(7);

    /// <summary>
    /// Works out a batch for <see cref="IMailStore.CommitAsync"/>: whole, or not at all. The caller holds its lock from reading these
    /// books to publishing the ones after, and has kept them, with its data, before it lets anyone see them.
    /// </summary>
    /// <param name="changes">Of this account. What a book has no place for is refused with <see cref="CommitError.NotSupported"/>.</param>
    /// <param name="now">For save dates and delivery keys.</param>
    /// <param name="append">
    /// Makes the application's object of a message, under the UID it will have, and returns how many octets that is when it is read. What
    /// it made is to be dropped when the batch is rejected.
    /// </param>
    /// <param name="after">The books after the batch; these same ones when nothing changed or it was rejected.</param>
    public CommitResult Apply(IReadOnlyList<StoreChange> changes, DateTimeOffset now, Func<AppendMessage, Uid, uint> append, out MailboxBook after)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(append);
        var draft = new Draft(this, now);
        var results = new ChangeResult[changes.Count];
        after = this;
        for (var i = 0; i < results.Length; i++)
        {
            var error = draft.Apply(changes[i], append, out results[i]);
            if (error != CommitError.None)
            {
                return new CommitResult(error, i, null, []);
            }
        }

        after = draft.ToBook();
        return new CommitResult(CommitError.None, -1, after.AsOf == AsOf ? null : after.AsOf, results);
    }

    /// <summary>Books while a batch is worked out.</summary>
    private sealed class Draft(MailboxBook before, DateTimeOffset now)
    {
        private readonly List<BookEntry> _entries = [.. before.Entries];
        private readonly ModSeq _modSeq = new(before.AsOf.Value + 1);
        private long _recentFrom = before.RecentFrom.Value;
        private bool _changed;

        private long Next => (_entries is [.., var last] ? last.Uid.Value : 0L) + 1;

        public MailboxBook ToBook() =>
            _changed || _recentFrom != before.RecentFrom.Value
                ? new MailboxBook(before.Id, before.UidValidity, _changed ? _modSeq : before.AsOf, new Uid((uint)_recentFrom), _entries)
                : before;

        public CommitError Apply(StoreChange change, Func<AppendMessage, Uid, uint> append, out ChangeResult result)
        {
            result = new ChangeResult(before.Id, before.UidValidity, [], [], [], default);
            if (MailboxOf(change) is not { } mailbox)
            {
                return CommitError.NotSupported;
            }

            if (mailbox != before.Id)
            {
                return CommitError.NoMailbox;
            }

            switch (change)
            {
                case AppendMessage when Next > uint.MaxValue:
                    return CommitError.NotSupported;
                case AppendMessage message:
                    result = result with { NewUids = Append(message, append) };
                    break;
                case SetFlags set:
                    var refused = Existing(set.Uids).Where(entry => entry.ModSeq > set.UnchangedSince).Select(static entry => entry.Uid.Value).ToArray();
                    result = result with { SourceUids = SetFlags(set, set.Uids.Except(refused)), Refused = refused };
                    break;
                case Expunge expunge:
                    BookEntry[] gone = [.. Existing(expunge.Uids).Where(entry => !expunge.OnlyDeleted || entry.Flags.HasFlag(SystemFlags.Deleted))];
                    Array.ForEach(gone, entry => Put(entry with { IsExpunged = true }));
                    result = result with { SourceUids = Array.ConvertAll(gone, static entry => entry.Uid.Value) };
                    break;
                case ClaimRecent:
                    result = result with { RecentFrom = new Uid((uint)_recentFrom) };
                    _recentFrom = Math.Min(Next, uint.MaxValue);
                    break;
            }

            return CommitError.None;
        }

        public Uid Add(SystemFlags flags, DateTimeOffset internalDate, uint size, string? deliveryKey = null)
        {
            var uid = new Uid(checked((uint)Next));
            _entries.Add(new BookEntry(uid, flags, _modSeq, size, internalDate, now) { DeliveryKey = deliveryKey });
            _changed = true;
            return uid;
        }

        // Null for what a book has no place for.
        private static MailboxId? MailboxOf(StoreChange change) => change switch
        {
            AppendMessage { KeepUid: null, KeepEmailId: null, Keywords.Count: 0 } append => append.Mailbox,
            SetFlags { Keywords.Count: 0 } set => set.Mailbox,
            Expunge expunge => expunge.Mailbox,
            ClaimRecent claim => claim.Id,
            PutSummary put => put.Id,
            _ => null,
        };

        private uint[] Append(AppendMessage message, Func<AppendMessage, Uid, uint> append)
        {
            if (message.DeliveryKey is { } key && _entries.FindLast(entry => entry.DeliveryKey == key && now - entry.SaveDate < DeliveryKeysKept) is { } known)
            {
                return known.IsExpunged ? [] : [known.Uid.Value];
            }

            var size = append(message, new Uid((uint)Next));
            return [Add(message.Flags, message.InternalDate, size, message.DeliveryKey).Value];
        }

        private uint[] SetFlags(SetFlags set, IEnumerable<uint> uids)
        {
            var changed = new List<uint>();
            foreach (var entry in Existing(uids).ToList())
            {
                var flags = (SystemFlags)set.Combine((ulong)entry.Flags, 0);
                if (flags != entry.Flags)
                {
                    Put(entry with { Flags = flags });
                    changed.Add(entry.Uid.Value);
                }
            }

            return [.. changed];
        }

        private IEnumerable<BookEntry> Existing(IEnumerable<uint> uids) =>
            uids.Select(uid => IndexOf(_entries, new Uid(uid))).Where(index => index >= 0 && !_entries[index].IsExpunged).Select(index => _entries[index]);

        private void Put(BookEntry entry)
        {
            _entries[IndexOf(_entries, entry.Uid)] = entry with { ModSeq = _modSeq };
            _changed = true;
        }
    }
}
