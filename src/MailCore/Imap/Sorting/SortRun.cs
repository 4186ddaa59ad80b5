using MailCore.Imap.Search;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>Finds messages and sorts them. Times of sending that are known are not read again.</summary>
internal sealed class SortRun
{
    private readonly ImapSession _session;
    private readonly SortColumns _columns;
    private readonly SentTimes _times;
    private readonly SentTimes.Lookup _known;
    private readonly List<(uint Uid, long Ticks)> _found = [];
    private readonly MessageScan _scan;

    public SortRun(ImapSession session, IReadOnlyList<SortCriterion> criteria)
    {
        _session = session;
        _columns = new SortColumns(criteria);
        _times = session.Selection!.SentTimes;
        _known = _times.Begin();
        _scan = _columns.IsBySentTime
            ? new MessageScan(session, _columns.Fields, AddSent) { IsKnown = TryAddKnown }
            : new MessageScan(session, _columns.Fields, (message, in glance) => _columns.Add(message.Sequence, message.Size, glance));
    }

    /// <summary>The highest ModSeq found.</summary>
    public ModSeq HighestModSeq => _scan.HighestModSeq;

    /// <summary>The numbers of the messages in order; without a plan the command is refused.</summary>
    public async ValueTask<(SearchPlan? Plan, int[] Order, ImapReply Refusal)> RunAsync(SearchReturnOptions options, SearchKey key)
    {
        var (plan, refusal) = await FoundMessages.ScanAsync(_session, options, key, _scan);
        if (plan is null)
        {
            return (null, [], refusal);
        }

        _times.Add(_found);
        return (plan, _columns.Sort(), default);
    }

    private bool TryAddKnown(NumberedMessage message)
    {
        var isKnown = _known.TryGet(message.Uid, out var ticks);
        if (isKnown)
        {
            _columns.Add(message.Sequence, message.Size, ticks);
        }

        return isKnown;
    }

    private void AddSent(NumberedMessage message, in MessageGlance glance)
    {
        EnvelopeView.TryOpen(glance.Summary, out var envelope);
        var ticks = SentTime.Of(envelope, glance.InternalDate);
        _found.Add((message.Uid.Value, ticks));
        _columns.Add(message.Sequence, message.Size, ticks);
    }
}
