using MailCore.Imap.Sorting;
using MailCore.Imap.View;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Threads;

/// <summary>Gathers messages, in the order of their numbers, and then makes threads of them.</summary>
internal abstract class MessageThreads
{
    private readonly List<int> _sequences = [];
    private readonly List<long> _times = [];

    /// <summary>What must be known of a message.</summary>
    public static MessageFields Fields => MessageFields.Dates | MessageFields.Summary;

    public int Count => _sequences.Count;

    /// <summary>The number of the message of a node; 0 for a place without a message.</summary>
    public int SequenceOf(int node) => node < Count ? _sequences[node] : 0;

    /// <summary>Octets of memory.</summary>
    public virtual long Size => (4L * _sequences.Capacity) + (8L * _times.Capacity);

    public void Add(NumberedMessage message, in MessageGlance glance)
    {
        EnvelopeView.TryOpen(glance.Summary, out var envelope);
        _sequences.Add(message.Sequence);
        _times.Add(SentTime.Of(envelope, glance.InternalDate));
        Add(envelope);
    }

    /// <summary>Called once.</summary>
    public abstract ThreadTree Build();

    protected abstract void Add(EnvelopeView envelope);

    /// <summary>All messages by time and, where it is the same, by number.</summary>
    protected int[] InOrderOfTime()
    {
        var order = new int[Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        NumberOrder.Sort([.. _times], order);
        return order;
    }
}
