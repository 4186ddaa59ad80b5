using System.Collections.Immutable;

namespace MailCore.Storage.InMemory;

/// <summary>
/// Applies one batch to forks of what it touches. Nothing is seen by anyone until <see cref="Publish"/>; a batch that fails is
/// simply dropped. Lives under the account's lock.
/// </summary>
internal sealed partial class AccountTransaction
{
    private readonly MemoryAccount _account;
    private readonly long _serial;
    private readonly long _modSeq;
    private readonly DateTimeOffset _now;
    private readonly DeliveryKeys _deliveryKeys;
    private readonly Dictionary<UInt128, Delivery> _newDeliveries = [];
    private readonly List<MemoryContent> _claimed = [];
    private AccountState _state;
    private long _quotaUsed;
    private long _messages;
    private bool _needsModSeq;
    private bool _buries;

    public AccountTransaction(MemoryAccount account, AccountState basis, long serial, DeliveryKeys deliveryKeys)
    {
        (_account, _state, _serial, _deliveryKeys) = (account, basis, serial, deliveryKeys);
        _modSeq = basis.ModSeq + 1;
        (_quotaUsed, _messages) = (basis.QuotaUsed, basis.Messages);
        _now = account.Store.Time.GetUtcNow();
    }

    public CommitResult Apply(IReadOnlyList<StoreChange> changes)
    {
        var results = new ChangeResult[changes.Count];
        var failed = true;
        try
        {
            for (var i = 0; i < results.Length; i++)
            {
                var error = Apply(changes[i], out var result);
                if (error != CommitError.None)
                {
                    return new CommitResult(error, i, null, []);
                }

                results[i] = result;
            }

            failed = false;
            return new CommitResult(CommitError.None, -1, _needsModSeq ? new ModSeq(_modSeq) : null, results);
        }
        finally
        {
            if (failed)
            {
                _claimed.ForEach(static content => content.Release());
            }
        }
    }

    /// <summary>The state after the batch.</summary>
    public AccountState Publish()
    {
        foreach (var (digest, delivery) in _newDeliveries)
        {
            _deliveryKeys.Add(digest, delivery);
        }

        _claimed.ForEach(_account.Store.Register);
        if (_buries)
        {
            _account.Store.SweepLater(_account);
        }

        return _state with { ModSeq = _needsModSeq ? _modSeq : _state.ModSeq, QuotaUsed = _quotaUsed, Messages = _messages };
    }

    private static ChangeResult Result(MailboxState mailbox, uint[]? sources = null, uint[]? created = null, uint[]? refused = null) =>
        new(mailbox.Id, mailbox.UidValidity, sources ?? [], created ?? [], refused ?? [], default);

    private static ChangeResult NoResult() => new(default, 0, [], [], [], default);

    private CommitError Apply(StoreChange change, out ChangeResult result)
    {
        result = NoResult();
        return change switch
        {
            AppendMessage append => Append(append, ref result),
            SetFlags set => SetFlags(set, ref result),
            Expunge expunge => Expunge(expunge, ref result),
            Copy copy => Copy(copy, ref result),
            ClaimRecent claim => ClaimRecent(claim, ref result),
            PutSummary put => PutSummary(put, ref result),
            CreateMailbox create => Create(create, ref result),
            RenameMailbox rename => Rename(rename, ref result),
            DeleteMailbox delete => Delete(delete, ref result),
            Subscribe subscribe => Subscribe(subscribe),
            SetQuota quota => SetQuota(quota),
            SetMetadata set => SetMetadata(set, ref result),
            SetAcl set => SetAcl(set, ref result),
            _ => CommitError.NotSupported,
        };
    }

    private bool TryFork(MailboxId id, out MailboxState mailbox)
    {
        if (!_state.Mailboxes.TryGetValue(id, out var found))
        {
            mailbox = null!;
            return false;
        }

        mailbox = found.Fork(_serial);
        if (!ReferenceEquals(mailbox, found))
        {
            _state = _state with { Mailboxes = _state.Mailboxes.SetItem(id, mailbox) };
        }

        return true;
    }

    private bool ExceedsQuota(long octets) => _quotaUsed + octets > _state.QuotaLimit || _messages >= _state.MessageLimit;

    /// <summary>Bits of the names, which are added to the mailbox when they are new and <paramref name="mayAdd"/>.</summary>
    private static bool TryKeywords(MailboxState mailbox, IReadOnlyList<string> names, bool mayAdd, out ulong bits)
    {
        bits = 0;
        foreach (var name in names)
        {
            // Keywords compare without case; the first spelling stays.
            var index = IndexOf(mailbox.Keywords, name);
            if (index < 0)
            {
                if (!mayAdd)
                {
                    continue;
                }

                if (mailbox.Keywords.Length == StorageLimits.KeywordsPerMailbox)
                {
                    return false;
                }

                index = mailbox.Keywords.Length;
                mailbox.Keywords = mailbox.Keywords.Add(name);
            }

            bits |= 1UL << (8 + index);
        }

        return true;
    }

    private static int IndexOf(ImmutableArray<string> keywords, string name)
    {
        for (var i = 0; i < keywords.Length; i++)
        {
            if (string.Equals(keywords[i], name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}
