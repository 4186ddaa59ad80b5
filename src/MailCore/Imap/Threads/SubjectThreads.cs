using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>ORDEREDSUBJECT (RFC 5256 3): messages about the same, the first sent being the parent of all the others.</summary>
internal sealed class SubjectThreads(KeyedMessages messages) : MessageThreads(messages)
{
    public override ThreadTree Build()
    {
        using var order = InOrderOfTime();
        using var firsts = new SubjectTable(Messages, Count);
        using var parents = RentedList<int>.Of(Count, -1);
        foreach (var message in order.Order)
        {
            ref var first = ref firsts.NodeOf(message, out var isNew);
            if (isNew)
            {
                first = message;
            }
            else
            {
                parents[message] = first;
            }
        }

        return ThreadTree.From(parents.Span, order.Order);
    }
}
