using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The account that a batch changes: its ModSeq, quota and the mailboxes touched, written back when the batch ends.</summary>
internal sealed class AccountBatch
{
    private static readonly Sql Select = new("SELECT id, modseq, structure_modseq, last_uid_validity, quota_used, quota_limit, messages, message_limit FROM account WHERE name = ?1");

    private static readonly Sql Update = new("""
        UPDATE account SET modseq = ?2, structure_modseq = ?3, last_uid_validity = ?4, quota_used = ?5, quota_limit = ?6, messages = ?7, message_limit = ?8
        WHERE id = ?1
        """);

    private readonly Dictionary<long, MailboxState?> _mailboxes = [];
    private readonly HashSet<long> _expungedIn = [];
    private readonly long _before;
    private long _modSeq;
    private long _structureModSeq;
    private long _lastUidValidity;
    private bool _changed;

    private AccountBatch(WriteContext context, StoreConnection db, Statement row)
    {
        (Context, Db, Now) = (context, db, context.Time.GetUtcNow().ToUnixTimeSeconds());
        Number = row.Int64(0);
        _before = _modSeq = row.Int64(1);
        _structureModSeq = row.Int64(2);
        _lastUidValidity = row.Int64(3);
        QuotaUsed = row.Int64(4);
        QuotaLimit = row.IsNull(5) ? null : row.Int64(5);
        Messages = row.Int64(6);
        MessageLimit = row.IsNull(7) ? null : row.Int64(7);
    }

    public WriteContext Context { get; }

    public StoreConnection Db { get; }

    /// <summary>Seconds since 1970, the same for the whole batch.</summary>
    public long Now { get; }

    public long Number { get; }

    public long QuotaUsed { get; private set; }

    public long? QuotaLimit { get; private set; }

    /// <summary>Of all mailboxes together.</summary>
    public long Messages { get; private set; }

    public long? MessageLimit { get; private set; }

    /// <summary>The batch's ModSeq, or null when nothing needed one.</summary>
    public ModSeq? Allocated => _modSeq == _before ? null : new ModSeq(_modSeq);

    public static AccountBatch? Load(WriteContext context, StoreConnection db, AccountId account)
    {
        using var row = db.Use(Select).With(account.Value);
        return row.Step() ? new AccountBatch(context, db, row) : null;
    }

    /// <summary>The batch's ModSeq, allocated with the first use.</summary>
    public long ModSeq()
    {
        if (_modSeq == _before)
        {
            _modSeq++;
            _changed = true;
        }

        return _modSeq;
    }

    public MailboxState? Find(MailboxId id) => MailboxNumbers.Parse(id) is > 0 and var number ? Find(number) : null;

    public MailboxState? Find(long number)
    {
        if (!_mailboxes.TryGetValue(number, out var mailbox))
        {
            _mailboxes[number] = mailbox = MailboxState.Load(Db, Number, number);
        }

        return mailbox;
    }

    /// <summary>The mailbox is no more.</summary>
    public void Forget(MailboxState mailbox) => _mailboxes[mailbox.Id] = null;

    public void ChangeStructure() => _structureModSeq = ModSeq();

    /// <summary>
    /// The UIDVALIDITY given, or a new one: higher than <paramref name="former"/> and, as long as there are any, than all the
    /// account has given out.
    /// </summary>
    public uint UseUidValidity(long former, uint? given)
    {
        // Seconds, as RFC 9051 2.3.1.1 suggests: an account made anew after its database was lost gets higher ones as well.
        var atLeast = Math.Max(former + 1, Now);
        var unique = Math.Max(atLeast, _lastUidValidity + 1);
        var used = given ?? (uint)Math.Min(unique <= uint.MaxValue ? unique : atLeast, uint.MaxValue);
        _lastUidValidity = Math.Max(_lastUidValidity, used);
        _changed = true;
        return used;
    }

    /// <summary>Counts a message; false when it would pass the quota.</summary>
    public bool TryUse(long octets, bool ignoreQuota)
    {
        if (!ignoreQuota && (QuotaUsed + octets > QuotaLimit || Messages >= MessageLimit))
        {
            return false;
        }

        Free(-octets, -1);
        return true;
    }

    public void Free(long octets, long messages)
    {
        QuotaUsed -= octets;
        Messages -= messages;
        _changed |= messages != 0;
    }

    public void SetQuota(SetQuota quota)
    {
        _changed |= (quota.Limit, quota.MessageLimit) != (QuotaLimit, MessageLimit);
        (QuotaLimit, MessageLimit) = (quota.Limit, quota.MessageLimit);
    }

    /// <summary>Sees to it that what is expunged from the mailbox in this batch is removed in time.</summary>
    public void RetainExpunged(MailboxState mailbox)
    {
        if (_expungedIn.Add(mailbox.Id))
        {
            Retention.Add(Db, new RetentionTask(Context.ExpungedUntil(Now), RetentionKind.ExpungedMessages, Number, mailbox.Id, ModSeq()));
        }
    }

    public void Save()
    {
        foreach (var mailbox in _mailboxes.Values)
        {
            if (mailbox is { Changed: true })
            {
                mailbox.Save(Db, Number);
            }
        }

        if (_changed)
        {
            Db.Use(Update).With(Number).With(_modSeq).With(_structureModSeq).With(_lastUidValidity).With(QuotaUsed).With(QuotaLimit)
                .With(Messages).With(MessageLimit).Run();
        }
    }
}
