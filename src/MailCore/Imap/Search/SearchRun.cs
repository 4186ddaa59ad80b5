using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Finds the messages of a plan, in their order. The columns of the view decide what they can; only what they leave open is read,
/// for a batch of messages at a time and no further than it takes; a sink that has all it wants ends the run.
/// </summary>
/// <param name="session">Whose command this is: it is told of the progress, and its end ends the run.</param>
/// <param name="mailbox">Where details and octets are read.</param>
/// <param name="messages">What message numbers mean; the plan was made for it.</param>
/// <param name="plan">What to find.</param>
internal sealed class SearchRun(ImapSession session, Mailbox mailbox, SelectedMailbox messages, SearchPlan plan)
{
    private const int MaxOpen = 64;
    private const int MaxHeld = 1024;
    private const int BreathSize = 16 * 1024;

    private readonly SearchSubject _subject = new();
    private readonly TextSearch _text = new(plan.Contents);

    // In order; those still open have no answer. Held until all are decided.
    private readonly List<(NumberedMessage Message, bool? Matches)> _held = [];
    private readonly CommandProgress _progress = new(session);
    private int _open;
    private int _looked;
    private int _total;

    public async ValueTask RunAsync(ISearchSink sink)
    {
        _subject.Candidates = await FindCandidatesAsync();
        var all = SequenceSet.From(messages.Count == 0 ? [] : [new SequenceRange(1, messages.Count)]);
        var scope = plan.Scope ?? all;
        _total = scope.Count;
        foreach (var sequence in scope)
        {
            if (sink.IsDone)
            {
                return;
            }

            if (++_looked % BreathSize == 0)
            {
                await session.BreatheAsync();
                await _progress.TellAsync(_looked - 1 - _held.Count, _total);
            }

            var message = messages.Numbers[sequence];
            Show(message, null);
            var matches = plan.Root.Evaluate(_subject);
            if (matches == false)
            {
                continue;
            }

            if (matches == true && _open == 0)
            {
                await sink.AddAsync(message);
                continue;
            }

            _held.Add((message, matches));
            _open += matches is null ? 1 : 0;
            if (_open == MaxOpen || _held.Count == MaxHeld)
            {
                await ReleaseAsync(sink);
                await session.BreatheAsync();
            }
        }

        await ReleaseAsync(sink);
    }

    private async ValueTask<UidSet?[]> FindCandidatesAsync()
    {
        var candidates = new UidSet?[plan.Contents.Count];
        for (var i = 0; i < candidates.Length; i++)
        {
            var (text, inHeader) = plan.Contents[i];
            candidates[i] = await mailbox.FindCandidatesAsync(text, inHeader ? MessageTextScope.Message : MessageTextScope.Body, session.Aborted);
        }

        return candidates;
    }

    private async ValueTask ReleaseAsync(ISearchSink sink)
    {
        if (_open > 0)
        {
            await DecideAsync(sink.WantsFirst);
        }

        foreach (var (message, matches) in _held)
        {
            if (matches == true)
            {
                await sink.AddAsync(message);
                if (sink.IsDone)
                {
                    break;
                }
            }
        }

        _held.Clear();
        _open = 0;
    }

    private async ValueTask DecideAsync(bool firstOnly)
    {
        Uid[] uids = [.. _held.Where(static held => held.Matches is null).Select(static held => held.Message.Uid)];
        var rows = await mailbox.ReadBatchAsync(uids, MessageFields.All, session.Aborted);
        var next = 0;
        for (var i = 0; i < _held.Count; i++)
        {
            var (message, matches) = _held[i];
            if (matches is null)
            {
                await _progress.TellAsync(_looked - _held.Count + i, _total);
                // What the store has forgotten matches nothing.
                var isKnown = next < rows.Count && rows[next].Uid == message.Uid;
                _held[i] = (message, isKnown && await DecideAsync(message, rows[next++]));
            }

            if (firstOnly && _held[i].Matches == true)
            {
                return;
            }
        }
    }

    private async ValueTask<bool> DecideAsync(NumberedMessage message, MessageRow row)
    {
        await using var stored = new StoredMessage(mailbox, row);
        Show(message, row);
        if (plan.Root.Evaluate(_subject) is { } byRow)
        {
            return byRow;
        }

        if (!await stored.SummarizeAsync(session.Aborted))
        {
            return false;
        }

        _subject.Summary = stored.Summary;
        _subject.Known = SearchCost.Summary;
        if (plan.Root.Evaluate(_subject) is { } bySummary)
        {
            return bySummary;
        }

        return await stored.OpenAsync(session.Aborted) && await DecideByContentAsync(stored);
    }

    private async ValueTask<bool> DecideByContentAsync(StoredMessage stored)
    {
        // Bounded by MimeLimits.HeaderOctets and the prefix.
        var range = new MessageRange(0, stored.PrefixLength + stored.Summary.Root.HeaderLength);
        var block = ArrayPool<byte>.Shared.Rent((int)range.Length);
        try
        {
            var length = await stored.Content.ReadFullyAsync(range, block, session.Aborted);
            _subject.Header = block.AsMemory(0, length);
            _subject.Known = SearchCost.Header;
            if (plan.Root.Evaluate(_subject) is { } byHeader)
            {
                return byHeader;
            }

            _subject.Found = await _text.FindAsync(stored, _subject.Header, session.Aborted);
            _subject.Known = SearchCost.Body;
            return plan.Root.Evaluate(_subject) == true;
        }
        finally
        {
            _subject.Header = default;
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private void Show(NumberedMessage message, MessageRow? row)
    {
        _subject.Message = message;
        _subject.IsRecent = messages.IsRecent(message.Uid);
        _subject.Row = row;
        _subject.Summary = null;
        _subject.Known = row is null ? SearchCost.Columns : SearchCost.Row;
    }
}
