using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>A mailbox inside a batch; written back once, when the batch ends.</summary>
internal sealed class MailboxState
{
    private const char KeywordSeparator = '\n';

    private static readonly Sql Select = new("""
        SELECT uid_validity, uid_next, recent_from, highest_modseq, info_modseq, messages, unseen, deleted, bytes, name, keywords
        FROM mailbox WHERE account = ?1 AND id = ?2
        """);

    private static readonly Sql Update = new("""
        UPDATE mailbox SET uid_next = ?3, recent_from = ?4, highest_modseq = ?5, info_modseq = ?6,
            messages = ?7, unseen = ?8, deleted = ?9, bytes = ?10, uid_validity = ?11
        WHERE account = ?1 AND id = ?2
        """);

    private static readonly Sql UpdateKeywords = new("UPDATE mailbox SET keywords = ?3 WHERE account = ?1 AND id = ?2");

    private readonly List<string> _keywords;
    private readonly int _storedKeywords;

    private MailboxState(long id, Statement row)
    {
        Id = id;
        UidValidity = (uint)row.Int64(0);
        UidNext = row.Int64(1);
        RecentFrom = row.Int64(2);
        HighestModSeq = row.Int64(3);
        InfoModSeq = row.Int64(4);
        Messages = row.Int64(5);
        Unseen = row.Int64(6);
        Deleted = row.Int64(7);
        Bytes = row.Int64(8);
        Name = row.Text(9);
        _keywords = [.. SplitKeywords(row.Text(10))];
        _storedKeywords = _keywords.Count;
    }

    public long Id { get; }

    public string Name { get; set; }

    public uint UidValidity { get; set; }

    /// <summary>One past the highest UID there can be when the mailbox has used them all.</summary>
    public long UidNext { get; set; }

    public long RecentFrom { get; set; }

    public long HighestModSeq { get; private set; }

    /// <summary>Of the last change of name, keywords or attributes.</summary>
    public long InfoModSeq { get; set; }

    public long Messages { get; private set; }

    public long Unseen { get; private set; }

    public long Deleted { get; private set; }

    public long Bytes { get; private set; }

    public bool Changed { get; set; }

    public static MailboxState? Load(StoreConnection db, long account, long id)
    {
        using var row = db.Use(Select).With(account).With(id);
        return row.Step() ? new MailboxState(id, row) : null;
    }

    public static string[] SplitKeywords(string text) => text.Length == 0 ? [] : text.Split(KeywordSeparator);

    public void Save(StoreConnection db, long account)
    {
        db.Use(Update).With(account).With(Id).With(UidNext).With(RecentFrom).With(HighestModSeq).With(InfoModSeq)
            .With(Messages).With(Unseen).With(Deleted).With(Bytes).With(UidValidity).Run();
        if (_keywords.Count != _storedKeywords)
        {
            db.Use(UpdateKeywords).With(account).With(Id).With(string.Join(KeywordSeparator, _keywords)).Run();
        }
    }

    /// <summary>Takes a row into the counters.</summary>
    public void Added(ulong flags, long size, long modSeq) => Count(flags, size, 1, modSeq);

    /// <summary>Takes a row out of the counters.</summary>
    public void Removed(ulong flags, long size, long modSeq) => Count(flags, size, -1, modSeq);

    /// <summary>Puts flags in the place of others in the counters.</summary>
    public void Altered(ulong before, ulong after, long modSeq)
    {
        Count(before, 0, -1, modSeq);
        Count(after, 0, 1, modSeq);
    }

    /// <summary>
    /// The bits of keywords, told apart without case (RFC 9051 2.3.2). Names not known yet are added, with
    /// <paramref name="modSeq"/>, or passed over when it is null. False when there is no room for them.
    /// </summary>
    public bool TryGetKeywordBits(IReadOnlyList<string> names, Func<long>? modSeq, out ulong bits)
    {
        bits = 0;
        foreach (var name in names)
        {
            var index = _keywords.FindIndex(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase));
            if (index < 0)
            {
                if (modSeq is null)
                {
                    continue;
                }

                if (_keywords.Count == StorageLimits.KeywordsPerMailbox)
                {
                    return false;
                }

                index = _keywords.Count;
                _keywords.Add(name);
                InfoModSeq = modSeq();
                Changed = true;
            }

            bits |= 1UL << (8 + index);
        }

        return true;
    }

    /// <summary>The names of a flag word's keywords.</summary>
    public List<string> KeywordNames(ulong flags)
    {
        var names = new List<string>();
        for (var i = 0; i < _keywords.Count; i++)
        {
            if ((flags >> (8 + i) & 1) != 0)
            {
                names.Add(_keywords[i]);
            }
        }

        return names;
    }

    private void Count(ulong flags, long size, int sign, long modSeq)
    {
        Messages += sign;
        Unseen += (flags & (ulong)SystemFlags.Seen) == 0 ? sign : 0;
        Deleted += (flags & (ulong)SystemFlags.Deleted) != 0 ? sign : 0;
        Bytes += sign * size;
        HighestModSeq = modSeq;
        Changed = true;
    }
}
