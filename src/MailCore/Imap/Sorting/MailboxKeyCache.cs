using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>The keys of mailboxes that were sorted or threaded lately, up to a size; those not used for the longest time go first.</summary>
/// <remarks>Threading: all of it by several sessions at once. What was dropped lasts as long as a command works with it.</remarks>
internal sealed class MailboxKeyCache
{
    // UIDs mean the same messages as long as all of this is the same.
    private readonly record struct Name(AccountId Account, MailboxId Mailbox, uint UidValidity);

    private sealed class Entry(Name name, MailboxKeys keys)
    {
        public Name Name => name;

        public MailboxKeys Keys => keys;

        public long Size { get; set; }
    }

    // Guards all below; the last in the list was used last.
    private readonly Lock _lock = new();
    private readonly Dictionary<Name, LinkedListNode<Entry>> _nodes = [];
    private readonly LinkedList<Entry> _entries = new();
    private long _size;

    /// <summary>Octets of memory held between commands.</summary>
    public long Size
    {
        get
        {
            lock (_lock)
            {
                return _size;
            }
        }
    }

    /// <summary>What is known of a mailbox.</summary>
    public MailboxKeys Open(AccountId account, MailboxInfo mailbox)
    {
        var name = new Name(account, mailbox.Id, mailbox.UidValidity);
        lock (_lock)
        {
            // Most of what is known may be of messages that have gone.
            if (_nodes.TryGetValue(name, out var node) && node.Value.Keys.Count > (2 * mailbox.Messages) + StorageLimits.RowsPerSegment)
            {
                Drop(node);
                node = null;
            }

            if (node is null)
            {
                _nodes[name] = node = new LinkedListNode<Entry>(new Entry(name, new MailboxKeys()));
            }
            else
            {
                _entries.Remove(node);
            }

            _entries.AddLast(node);
            return node.Value.Keys;
        }
    }

    /// <summary>Counts what keys have grown by, and drops what is too much.</summary>
    public void Settle(AccountId account, MailboxInfo mailbox, long limit)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(new Name(account, mailbox.Id, mailbox.UidValidity), out var node))
            {
                var size = node.Value.Keys.Size;
                _size += size - node.Value.Size;
                node.Value.Size = size;
                if (size > limit)
                {
                    // Others need not go for what can't stay.
                    Drop(node);
                }
            }

            while (_size > limit && _entries.First is { } oldest)
            {
                Drop(oldest);
            }
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        _size -= node.Value.Size;
        _entries.Remove(node);
        _nodes.Remove(node.Value.Name);
    }
}
