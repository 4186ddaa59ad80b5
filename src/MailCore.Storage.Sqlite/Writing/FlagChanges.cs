using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The changes that alter or remove messages.</summary>
internal static class FlagChanges
{
    private static readonly Sql UpdateSummary = new("UPDATE message SET summary = ?2 WHERE id = ?1");

    public static CommitError SetFlags(AccountBatch batch, SetFlags change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Mailbox) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        if (!MailboxChanges.AreKeywords(change.Keywords))
        {
            return CommitError.NotSupported;
        }

        var altered = new List<uint>(change.Uids.Length);
        var refused = new List<uint>();
        ulong? bits = null;
        foreach (var uid in change.Uids)
        {
            if (!Entries.TryGet(batch.Db, mailbox, uid, out var entry))
            {
                continue;
            }

            if (change.UnchangedSince is { } since && entry.ModSeq > since.Value)
            {
                refused.Add(uid);
                continue;
            }

            if (bits is null)
            {
                // Only now: keywords of a STORE that alters nothing are not to be remembered.
                if (!mailbox.TryGetKeywordBits(change.Keywords, change.Mode == FlagMode.Remove ? null : batch.ModSeq, out var keywords))
                {
                    return CommitError.KeywordLimit;
                }

                bits = keywords;
            }

            var flags = change.Combine(entry.Flags, bits.Value);
            if (flags != entry.Flags)
            {
                Entries.SetFlags(batch, mailbox, entry, flags);
                altered.Add(uid);
            }
        }

        result = MessageChanges.Result(mailbox, [.. altered], []) with { Refused = [.. refused] };
        return CommitError.None;
    }

    public static CommitError Expunge(AccountBatch batch, Expunge change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Mailbox) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        var gone = new List<uint>(change.Uids.Length);
        foreach (var uid in change.Uids)
        {
            if (Entries.TryGet(batch.Db, mailbox, uid, out var entry)
                && (!change.OnlyDeleted || (entry.Flags & (ulong)SystemFlags.Deleted) != 0))
            {
                Entries.Expunge(batch, mailbox, entry);
                gone.Add(uid);
            }
        }

        result = MessageChanges.Result(mailbox, [.. gone], []);
        return CommitError.None;
    }

    public static CommitError PutSummary(AccountBatch batch, PutSummary change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Id) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        if (Entries.TryGet(batch.Db, mailbox, change.Uid.Value, out var entry))
        {
            batch.Db.Use(UpdateSummary).With(entry.Message).With(change.Summary.Span).Run();
        }

        result = MessageChanges.Result(mailbox, [], []);
        return CommitError.None;
    }
}
