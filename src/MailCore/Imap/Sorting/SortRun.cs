using MailCore.Imap.Search;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>Finds messages and sorts them.</summary>
internal sealed class SortRun(ImapSession session, IReadOnlyList<SortCriterion> criteria)
{
    // Messages compared between two looks at whether the client is still there.
    private const int BreathSteps = 128 * 1024;

    /// <summary>The highest ModSeq found.</summary>
    public ModSeq HighestModSeq { get; private set; }

    /// <summary>The numbers of the messages in order; without a plan the command is refused.</summary>
    public async ValueTask<(SearchPlan? Plan, int[] Order, ImapReply Refusal)> RunAsync(SearchReturnOptions options, SearchKey key)
    {
        var kinds = criteria.Where(static criterion => criterion.Key != SortKey.Size).Select(static criterion => criterion.Kind).Distinct();
        using var messages = session.Selection!.OpenKeys([.. kinds], withSizes: criteria.Any(static criterion => criterion.Key == SortKey.Size));
        var scan = new MessageScan(session, messages);
        var (plan, refusal) = await FoundMessages.ScanAsync(session, options, key, scan);
        if (plan is null)
        {
            return (null, [], refusal);
        }

        HighestModSeq = scan.HighestModSeq;
        using var order = new MessageOrder(messages, criteria);
        while (!order.Advance(BreathSteps))
        {
            await session.BreatheAsync();
        }

        return (plan, order.ToSequences(), default);
    }
}
