using MailCore.Storage;

namespace MailCore.Testing.Storage;

internal sealed record ModelRow(SystemFlags Flags, IReadOnlyList<string> Keywords, uint Size)
{
    public string Describe(uint uid) => Describe(uid, Flags, Keywords, Size);

    public static string Describe(uint uid, SystemFlags flags, IEnumerable<string> keywords, uint size) =>
        $"{uid} {flags} {string.Join('+', keywords.Order(StringComparer.Ordinal))} {size}";
}

internal sealed class ModelMailbox(string name, long uidNext)
{
    public string Name { get; set; } = name;

    public long UidNext { get; set; } = uidNext;

    public HashSet<string> Keywords { get; private init; } = [];

    public SortedDictionary<uint, ModelRow> Rows { get; private init; } = [];

    public ModelMailbox Clone() => new(Name, UidNext) { Keywords = [.. Keywords], Rows = new SortedDictionary<uint, ModelRow>(Rows) };
}

/// <summary>What an account must look like after a batch. UIDs are those that a store gives which leaves no gaps.</summary>
internal sealed class ModelAccount
{
    public Dictionary<MailboxId, ModelMailbox> Mailboxes { get; private init; } = [];

    public SortedSet<string> Subscriptions { get; private init; } = new(StringComparer.Ordinal);

    public long? Quota { get; set; }

    public long? MessageQuota { get; set; }

    public long Used => Mailboxes.Values.Sum(static mailbox => mailbox.Rows.Values.Sum(static row => (long)row.Size));

    public ModelAccount Clone() => new()
    {
        Mailboxes = Mailboxes.ToDictionary(static pair => pair.Key, static pair => pair.Value.Clone()),
        Subscriptions = new SortedSet<string>(Subscriptions, StringComparer.Ordinal),
        Quota = Quota,
        MessageQuota = MessageQuota,
    };

    /// <summary>Gives the mailboxes made in the batch the ids they got, which no change of the batch could name.</summary>
    public void Settle(IReadOnlyList<StoreChange> changes, CommitResult result)
    {
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i] is CreateMailbox)
            {
                var made = Mailboxes[Placeholder(i)];
                Mailboxes.Remove(Placeholder(i));
                Mailboxes[result.Changes[i].Mailbox] = made;
            }
        }

        _created = 0;
    }

    public CommitError Apply(StoreChange change)
    {
        var placeholder = Placeholder(_created++);
        switch (change)
        {
            case AppendMessage append:
                return Mailboxes.TryGetValue(append.Mailbox, out var to)
                    ? Add(to, new ModelRow(append.Flags, append.Keywords, (uint)(append.Prefix.Length + append.Content.Length)), append.IgnoreQuota)
                    : CommitError.NoMailbox;
            case SetFlags set:
                return Mailboxes.TryGetValue(set.Mailbox, out var mailbox) ? Set(mailbox, set) : CommitError.NoMailbox;
            case Expunge expunge:
                return Mailboxes.TryGetValue(expunge.Mailbox, out var from) ? Remove(from, expunge) : CommitError.NoMailbox;
            case Copy copy:
                return Copy(copy);
            case CreateMailbox create:
                if (Mailboxes.Values.Any(other => other.Name == create.Name))
                {
                    return CommitError.MailboxExists;
                }

                Mailboxes[placeholder] = new ModelMailbox(create.Name, 1);
                return CommitError.None;
            case RenameMailbox rename:
                return Rename(rename);
            case DeleteMailbox delete:
                if (!Mailboxes.TryGetValue(delete.Id, out var gone))
                {
                    return CommitError.NoMailbox;
                }

                return gone.Name == "INBOX" ? CommitError.NotSupported : Mailboxes.Remove(delete.Id) ? CommitError.None : CommitError.NoMailbox;
            case Subscribe subscribe:
                _ = subscribe.On ? Subscriptions.Add(subscribe.Name) : Subscriptions.Remove(subscribe.Name);
                return CommitError.None;
            case SetQuota quota:
                (Quota, MessageQuota) = (quota.Limit, quota.MessageLimit);
                return CommitError.None;
            default:
                throw new InvalidOperationException($"The model knows no {change.GetType().Name}.");
        }
    }

    private int _created;

    private static MailboxId Placeholder(int change) => new($"created by change {change}");

    private static bool Keep(ModelMailbox mailbox, IEnumerable<string> keywords)
    {
        mailbox.Keywords.UnionWith(keywords);
        return mailbox.Keywords.Count <= StorageLimits.KeywordsPerMailbox;
    }

    private CommitError Add(ModelMailbox to, ModelRow row, bool ignoreQuota)
    {
        if (!ignoreQuota && (Used + row.Size > Quota || Mailboxes.Values.Sum(static mailbox => mailbox.Rows.Count) >= MessageQuota))
        {
            return CommitError.OverQuota;
        }

        if (!Keep(to, row.Keywords))
        {
            return CommitError.KeywordLimit;
        }

        to.Rows[(uint)to.UidNext++] = row;
        return CommitError.None;
    }

    private static CommitError Set(ModelMailbox mailbox, SetFlags set)
    {
        var known = mailbox.Keywords.ToHashSet();
        if (set.Mode != FlagMode.Remove && !Keep(mailbox, set.Keywords))
        {
            return CommitError.KeywordLimit;
        }

        var any = false;
        foreach (var uid in set.Uids)
        {
            if (mailbox.Rows.TryGetValue(uid, out var row))
            {
                any = true;
                mailbox.Rows[uid] = set.Mode switch
                {
                    FlagMode.Add => row with { Flags = row.Flags | set.Flags, Keywords = [.. row.Keywords.Union(set.Keywords)] },
                    FlagMode.Remove => row with { Flags = row.Flags & ~set.Flags, Keywords = [.. row.Keywords.Except(set.Keywords)] },
                    _ => row with { Flags = set.Flags, Keywords = set.Keywords },
                };
            }
        }

        if (!any)
        {
            mailbox.Keywords.IntersectWith(known);
        }

        return CommitError.None;
    }

    private static CommitError Remove(ModelMailbox from, Expunge expunge)
    {
        foreach (var uid in expunge.Uids)
        {
            if (from.Rows.TryGetValue(uid, out var row) && (!expunge.OnlyDeleted || row.Flags.HasFlag(SystemFlags.Deleted)))
            {
                from.Rows.Remove(uid);
            }
        }

        return CommitError.None;
    }

    private CommitError Copy(Copy copy)
    {
        if (!Mailboxes.TryGetValue(copy.From, out var from) || !Mailboxes.TryGetValue(copy.To, out var to))
        {
            return CommitError.NoMailbox;
        }

        foreach (var (uid, row) in copy.Uids.Where(from.Rows.ContainsKey).Select(uid => (uid, from.Rows[uid])).ToList())
        {
            var error = Add(to, row, ignoreQuota: copy.Move);
            if (error != CommitError.None)
            {
                return error;
            }

            if (copy.Move)
            {
                from.Rows.Remove(uid);
            }
        }

        return CommitError.None;
    }

    private CommitError Rename(RenameMailbox rename)
    {
        if (!Mailboxes.TryGetValue(rename.Id, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        if (mailbox.Name == "INBOX")
        {
            return CommitError.NotSupported;
        }

        var names = Mailboxes.Values.Select(static other => other.Name).ToHashSet();
        var moved = Mailboxes.Values.Where(other => other == mailbox || other.Name.StartsWith(mailbox.Name + "/", StringComparison.Ordinal)).ToList();
        var targets = moved.Select(other => rename.Name + other.Name[mailbox.Name.Length..]).ToList();
        if (targets.Any(names.Contains))
        {
            return CommitError.MailboxExists;
        }

        for (var i = 0; i < moved.Count; i++)
        {
            moved[i].Name = targets[i];
        }

        return CommitError.None;
    }
}
