namespace MailCore.Storage.InMemory;

internal sealed partial class AccountTransaction
{
    private CommitError Append(AppendMessage append, ref ChangeResult result)
    {
        var digest = append.DeliveryKey is { } key ? DeliveryKeys.Digest(key) : default;
        if (append.DeliveryKey is not null
            && (_newDeliveries.TryGetValue(digest, out var delivery) || _deliveryKeys.TryGet(digest, _now, out delivery)))
        {
            result = Delivered(delivery);
            return CommitError.None;
        }

        if (!TryFork(append.Mailbox, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        var content = ((MemoryContent.Staged)append.Content).Content;
        var size = append.Prefix.Length + content.Length;
        var uid = append.KeepUid?.Value ?? mailbox.UidNext;
        if (size > uint.MaxValue || uid > uint.MaxValue || uid < mailbox.UidNext)
        {
            return CommitError.NotSupported;
        }

        if (!append.IgnoreQuota && ExceedsQuota(size))
        {
            return CommitError.OverQuota;
        }

        var known = mailbox.Keywords.Length;
        if (!TryKeywords(mailbox, append.Keywords, mayAdd: true, out var keywords))
        {
            return CommitError.KeywordLimit;
        }

        Claim(content);
        var details = new RowDetails(
            RowBlock.PackDate(append.InternalDate),
            _now.ToUnixTimeSeconds(),
            append.KeepEmailId is null ? _account.Store.NextSerial() : 0,
            append.KeepEmailId?.Value,
            content,
            append.Prefix.IsEmpty ? null : append.Prefix.ToArray(),
            content.Share(append.Summary.Span));
        Add(mailbox, new MailboxRow(new Uid((uint)uid), (ulong)append.Flags | keywords, new ModSeq(_modSeq), (uint)size), details);
        KeywordsMayHaveChanged(mailbox, known);
        if (append.DeliveryKey is not null)
        {
            _newDeliveries[digest] = new Delivery(mailbox.Id, (uint)uid, _now);
        }

        result = Result(mailbox, created: [(uint)uid]);
        return CommitError.None;
    }

    private ChangeResult Delivered(Delivery delivery) =>
        !_state.Mailboxes.TryGetValue(delivery.Mailbox, out var mailbox) ? NoResult()
        : mailbox.TryFind(delivery.Uid, out _, out _) ? Result(mailbox, created: [delivery.Uid])
        : Result(mailbox);

    private CommitError SetFlags(SetFlags set, ref ChangeResult result)
    {
        if (!TryFork(set.Mailbox, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        var before = mailbox.Keywords;
        if (!TryKeywords(mailbox, set.Keywords, set.Mode != FlagMode.Remove, out var keywords))
        {
            return CommitError.KeywordLimit;
        }

        var changed = new List<uint>();
        var refused = new List<uint>();
        foreach (var uid in set.Uids)
        {
            if (!mailbox.TryFind(uid, out var block, out var at))
            {
                continue;
            }

            var row = mailbox.Block(block).Row(at);
            if (set.UnchangedSince is { } limit && row.ModSeq > limit)
            {
                refused.Add(uid);
                continue;
            }

            var flags = set.Combine(row.FlagWord, keywords);
            if (flags != row.FlagWord)
            {
                mailbox.SetFlags(block, at, flags, _modSeq);
                changed.Add(uid);
            }
        }

        if (changed.Count > 0)
        {
            _needsModSeq = true;
            KeywordsMayHaveChanged(mailbox, before.Length);
        }
        else
        {
            // A name that no row got is not worth one of 56 places.
            mailbox.Keywords = before;
        }

        result = Result(mailbox, sources: [.. changed], refused: [.. refused]);
        return CommitError.None;
    }

    private CommitError Expunge(Expunge expunge, ref ChangeResult result)
    {
        if (!TryFork(expunge.Mailbox, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        result = Result(mailbox, sources: Remove(mailbox, expunge.Uids, expunge.OnlyDeleted));
        return CommitError.None;
    }

    private CommitError Copy(Copy copy, ref ChangeResult result)
    {
        if (!TryFork(copy.From, out var from) || !TryFork(copy.To, out var to))
        {
            return CommitError.NoMailbox;
        }

        var known = to.Keywords.Length;
        var existing = from.UidNext;
        var taken = new HashSet<uint>();
        var sources = new List<uint>();
        var created = new List<uint>();
        foreach (var uid in copy.Uids)
        {
            if (uid >= existing || !from.TryFind(uid, out var block, out var at) || !taken.Add(uid))
            {
                continue;
            }

            var row = from.Block(block).Row(at);
            if (to.UidNext > uint.MaxValue)
            {
                return CommitError.NotSupported;
            }

            if (!copy.Move && ExceedsQuota(row.Size))
            {
                return CommitError.OverQuota;
            }

            if (!TryKeywords(to, KeywordsOf(from, row.FlagWord), mayAdd: true, out var keywords))
            {
                return CommitError.KeywordLimit;
            }

            var details = from.Block(block).Details(at);
            Claim(details.Content);
            sources.Add(uid);
            created.Add((uint)to.UidNext);
            Add(to, row with { Uid = new Uid((uint)to.UidNext), FlagWord = (byte)row.Flags | keywords, ModSeq = new ModSeq(_modSeq) },
                details with { SaveDate = _now.ToUnixTimeSeconds() });
        }

        KeywordsMayHaveChanged(to, known);
        if (copy.Move)
        {
            Remove(from, [.. sources], onlyDeleted: false);
        }

        result = Result(to, [.. sources], [.. created]);
        return CommitError.None;
    }

    private CommitError ClaimRecent(ClaimRecent claim, ref ChangeResult result)
    {
        if (!TryFork(claim.Id, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        result = Result(mailbox) with { RecentFrom = new Uid((uint)Math.Min(mailbox.RecentFrom, uint.MaxValue)) };
        mailbox.RecentFrom = mailbox.UidNext;
        return CommitError.None;
    }

    private CommitError PutSummary(PutSummary put, ref ChangeResult result)
    {
        if (!TryFork(put.Id, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        if (mailbox.TryFind(put.Uid.Value, out var block, out var row))
        {
            mailbox.SetSummary(block, row, mailbox.Block(block).Content(row).Share(put.Summary.Span));
        }

        result = Result(mailbox);
        return CommitError.None;
    }

    private void Add(MailboxState mailbox, MailboxRow row, in RowDetails details)
    {
        mailbox.Add(row, details);
        _quotaUsed += row.Size;
        _messages++;
        _needsModSeq = true;
    }

    private uint[] Remove(MailboxState mailbox, uint[] uids, bool onlyDeleted)
    {
        var ascending = uids.AsSpan().ToArray();
        Array.Sort(ascending);
        var bytes = mailbox.Bytes;
        var store = _account.Store;
        var removed = mailbox.Remove(ascending, onlyDeleted, _modSeq, _now + InMemoryMailStore.ReadableAfterExpunge, store.TombstonesPerMailbox);
        if (removed.Count > 0)
        {
            _quotaUsed += mailbox.Bytes - bytes;
            _messages -= removed.Count;
            _needsModSeq = true;
            _buries = true;
        }

        return [.. removed];
    }

    private void Claim(MemoryContent content)
    {
        // Never fails: the caller of the commit, or a row, has a claim already.
        content.TryClaim();
        _claimed.Add(content);
    }

    private void KeywordsMayHaveChanged(MailboxState mailbox, int before)
    {
        if (mailbox.Keywords.Length != before)
        {
            mailbox.InfoModSeq = _modSeq;
        }
    }

    private static string[] KeywordsOf(MailboxState mailbox, ulong flags)
    {
        flags >>= 8;
        if (flags == 0)
        {
            return [];
        }

        return [.. Enumerable.Range(0, mailbox.Keywords.Length).Where(i => (flags & (1UL << i)) != 0).Select(i => mailbox.Keywords[i])];
    }
}
