using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>Makes threads of messages.</summary>
internal abstract class MessageThreads(KeyedMessages messages) : IDisposable
{
    public int Count => messages.Count;

    /// <summary>The messages, whose keys are known.</summary>
    protected KeyedMessages Messages => messages;

    /// <summary>The keys that an algorithm needs.</summary>
    public static KeyKind[] KindsOf(ThreadAlgorithm algorithm) => algorithm switch
    {
        ThreadAlgorithm.OrderedSubject => [KeyKind.Sent, KeyKind.Subject],
        ThreadAlgorithm.References => [KeyKind.Sent, KeyKind.References, KeyKind.Subject],
        _ => [KeyKind.Sent, KeyKind.References],
    };

    /// <param name="algorithm">Which.</param>
    /// <param name="messages">With the keys that it needs; stays the caller's.</param>
    public static MessageThreads Create(ThreadAlgorithm algorithm, KeyedMessages messages) => algorithm == ThreadAlgorithm.OrderedSubject
        ? new SubjectThreads(messages)
        : new ReferenceThreads(messages, usesSubjects: algorithm == ThreadAlgorithm.References);

    /// <summary>The number of the message of a node; 0 for a place without a message.</summary>
    public int SequenceOf(int node) => node < Count ? messages.SequenceOf(node) : 0;

    /// <summary>Links so many messages; says whether there is none left.</summary>
    public virtual bool Advance(int count) => true;

    /// <summary>Called once, when nothing is left to be linked.</summary>
    public abstract ThreadTree Build();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>All messages by time and, where it is the same, by number.</summary>
    protected MessageOrder InOrderOfTime()
    {
        var order = new MessageOrder(messages, [new SortCriterion(SortKey.Date, IsReverse: false)]);
        order.Advance(long.MaxValue);
        return order;
    }
}
