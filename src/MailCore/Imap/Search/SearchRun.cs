using System.Numerics;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Finds the messages of a plan, in their order. The columns of the view decide what they can, a block of rows at a time; what they
/// leave open is read, no further than it takes; a sink that has all it wants ends the run. No list of messages is made.
/// </summary>
/// <param name="session">Whose command this is: it is told of the progress, and its end ends the run.</param>
/// <param name="mailbox">Where details and octets are read.</param>
/// <param name="messages">What message numbers mean; the plan was made for it.</param>
/// <param name="plan">What to find.</param>
internal sealed class SearchRun(ImapSession session, Mailbox mailbox, SelectedMailbox messages, SearchPlan plan)
{
    private const int MaxHeld = 1024;

    // Rows gone through, and summaries read, between two looks at whether the client is still there.
    private const int BreathRows = 16 * 1024;
    private const int BreathEffort = 1024;

    /// <summary>From so many messages on an index is asked first.</summary>
    private const int IndexWorthwhile = 16;

    private readonly ulong[] _certain = new ulong[MessageBlock.Words];
    private readonly ulong[] _possible = new ulong[MessageBlock.Words];
    private readonly MessageBlock _block = new(messages);
    private readonly UndecidedMessages _undecided = new(session, mailbox, plan);

    // In order; those without an answer are in _undecided, too. Held until all are decided.
    private readonly List<(NumberedMessage Message, bool? Matches)> _held = [];
    private SearchProgress _progress;
    private int _looked;
    private int _breathed;

    /// <summary>Where this search is a part of another.</summary>
    public SearchProgress Progress { get; init; } = new(new CommandProgress(session), 0, 0);

    public ValueTask RunAsync(ISearchSink sink) => RunAsync(sink, plan.ScopeIn(messages));

    /// <summary>As above, among these messages only.</summary>
    public async ValueTask RunAsync(ISearchSink sink, SequenceSet scope)
    {
        plan.Now = session.Services.Time.GetUtcNow();
        _progress = Progress.Total > 0 ? Progress : Progress with { Total = scope.Count };
        await AskIndexAsync(scope.Count);
        for (var i = 0; i < scope.Ranges.Length && !sink.IsDone; i++)
        {
            var (first, last) = scope.Ranges[i];
            while (first <= last && !sink.IsDone)
            {
                _block.MoveTo(first, last);
                plan.Root.Narrow(_block, _certain, _possible);
                await TakeBlockAsync(sink);
                first += _block.Count;
                _looked += _block.Count;
                if (_looked - _breathed >= BreathRows)
                {
                    await BreatheAsync();
                    await _progress.TellAsync(_undecided.FirstPosition ?? _looked);
                }
            }
        }

        await ReleaseAsync(sink);
    }

    private async ValueTask AskIndexAsync(int messageCount)
    {
        for (var i = 0; i < plan.Candidates.Length; i++)
        {
            var (text, inHeader) = plan.Contents[i];
            plan.Candidates[i] = messageCount < IndexWorthwhile ? null : await mailbox.FindCandidatesAsync(text, inHeader ? MessageTextScope.Message : MessageTextScope.Body, session.Aborted);
        }
    }

    private async ValueTask TakeBlockAsync(ISearchSink sink)
    {
        for (var word = 0; word * 64 < _block.Count; word++)
        {
            for (var bits = _possible[word]; bits != 0; bits &= bits - 1)
            {
                var bit = BitOperations.TrailingZeroCount(bits);
                var row = (word * 64) + bit;
                if (row >= _block.Count || sink.IsDone)
                {
                    return;
                }

                var isCertain = (_certain[word] & (1UL << bit)) != 0;
                if (isCertain && _undecided.Count == 0)
                {
                    await sink.AddAsync(_block[row]);
                    continue;
                }

                await HoldAsync(_block[row], isCertain, sink);
            }
        }
    }

    private async ValueTask HoldAsync(NumberedMessage message, bool isCertain, ISearchSink sink)
    {
        _held.Add((message, isCertain ? true : null));
        if (!isCertain)
        {
            _undecided.Add(message, _looked + message.Sequence - _block.First);
        }

        if (_undecided.IsFull || _held.Count == MaxHeld)
        {
            await ReleaseAsync(sink);
            if (_undecided.Effort >= BreathEffort)
            {
                await BreatheAsync();
            }
        }
    }

    private async ValueTask BreatheAsync()
    {
        _breathed = _looked;
        _undecided.Effort = 0;
        await session.BreatheAsync();
    }

    private async ValueTask ReleaseAsync(ISearchSink sink)
    {
        if (_undecided.Count > 0)
        {
            await _undecided.DecideAsync(sink.WantsFirst, _progress);
        }

        var next = 0;
        foreach (var (message, matches) in _held)
        {
            if (matches ?? _undecided[next++])
            {
                await sink.AddAsync(message);
                if (sink.IsDone)
                {
                    break;
                }
            }
        }

        _held.Clear();
        _undecided.Clear();
    }
}
