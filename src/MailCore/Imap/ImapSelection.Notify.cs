using System.Text;
using MailCore.Imap.Fetch;
using MailCore.Imap.Notify;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap;

internal sealed partial class ImapSelection
{
    private readonly HashSet<Uid> _own = [];

    // Before NOTIFY is used everything is told.
    private bool TellsFlags => _session.Watch?.Rules.Selected.HasFlag(NotifyEvents.FlagChange) ?? true;

    private bool FetchesArrived => _session.Watch is { Rules.Fetch.Count: > 0 } || Contexts.Fetches;

    /// <summary>
    /// As <see cref="SyncAsync"/>, of what no command's own answer needs: to a client that used NOTIFY only what it wants to hear (RFC
    /// 5465 3.1).
    /// </summary>
    public ValueTask<bool> SyncUnaskedAsync(bool mayExpunge, bool surely = false) =>
        _session.Watch is { Rules.Selected: NotifyEvents.None } ? RefreshAsync(surely, _session.Aborted) : SyncAsync(_session, mayExpunge, surely: surely);

    /// <summary>The client put these messages here itself: it knows what is in them (RFC 5465 5.2).</summary>
    public void NoteOwn(MailboxId mailbox, IReadOnlyList<Uid> uids)
    {
        if (mailbox == Mailbox.Id && FetchesArrived)
        {
            _own.UnionWith(uids);
        }
    }

    // What NOTIFY and searches that are followed want of new messages, from this number on, together (RFC 5465 5.2, 7).
    private async ValueTask FetchArrivedAsync(int first)
    {
        if (FetchesArrived)
        {
            var ofAll = _session.Watch?.Rules.Fetch ?? [];
            var ranges = new List<SequenceRange>();
            for (var sequence = first; sequence <= Messages.Count; sequence++)
            {
                if (_own.Contains(Messages.Numbers.UidAt(sequence)))
                {
                    continue;
                }

                if (Contexts.FetchOf(sequence).ToList() is { Count: > 0 } wanted)
                {
                    await FetchAsync(ofAll, ranges);
                    await FetchAsync([.. ofAll, .. wanted], [new SequenceRange(sequence, sequence)]);
                }
                else
                {
                    ranges.Add(new SequenceRange(sequence, sequence));
                }
            }

            await FetchAsync(ofAll, ranges);
        }

        _own.Clear();
    }

    private async ValueTask FetchAsync(IReadOnlyList<FetchItem> items, List<SequenceRange> ranges)
    {
        if (items.Count > 0 && ranges.Count > 0)
        {
            var distinct = items.DistinctBy(static item => (item.Kind, Encoding.ASCII.GetString(item.Label), item.PartialLength));
            await new FetchRun(_session, Complete([.. distinct])).RunAsync(SequenceSet.From(ranges));
        }

        ranges.Clear();
    }

    // As FETCH itself does.
    private List<FetchItem> Complete(List<FetchItem> items)
    {
        if (_session.Has(ImapFeatures.QResync) && !_session.Has(ImapFeatures.UidOnly) && !items.Exists(static item => item.Kind == FetchKind.Uid))
        {
            items.Insert(0, new FetchItem(FetchKind.Uid));
        }

        if (_session.Has(ImapFeatures.CondStore) && !items.Exists(static item => item.Kind == FetchKind.ModSeq))
        {
            items.Add(new FetchItem(FetchKind.ModSeq));
        }

        return items;
    }
}
