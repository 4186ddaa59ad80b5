using MailCore.Storage;

namespace MailCore.Imap.View;

/// <summary>
/// What a client must be told when its view goes from one state to the next, in the order to tell it: keywords, expunges, flags,
/// count. Computed while it is enumerated, and so to be enumerated before the next update.
/// </summary>
internal sealed class MailboxUpdate
{
    private readonly MessageNumbers? _before;
    private readonly MessageNumbers? _after;
    private readonly UpdateRules _rules = UpdateRules.Withhold;

    public MailboxUpdate(MessageNumbers before, MessageNumbers after, UpdateRules rules)
    {
        (_before, _after, _rules) = (before, after, rules);
        HasNewKeywords = after.State.Info.Keywords.Count != before.State.Info.Keywords.Count;
        var last = before.LastUid;
        var known = last is null ? 0 : last.Value.Value == uint.MaxValue ? after.Count : after.LowerBound(new Uid(last.Value.Value + 1)) - 1;
        Arrived = after.Count - known;
    }

    private MailboxUpdate()
    {
    }

    public static MailboxUpdate Nothing { get; } = new();

    /// <summary>What the numbers meant until now; null when there is nothing to tell.</summary>
    public MessageNumbers? Before => _before;

    /// <summary>Messages, numbered as after the expunges, that are new or whose flags are other, whoever altered them.</summary>
    public IEnumerable<int> Altered => _before is null || _after is null ? [] : _after.State.ChangesFrom(_before.State)
        .Where(static change => change.Kind != RowChangeKind.Vanished)
        .Select(change => _after.SequenceAt(change.NewRank, change.Uid));

    /// <summary>FLAGS must be sent anew.</summary>
    public bool HasNewKeywords { get; }

    /// <summary>Messages that are new to the client: when there are any, EXISTS is sent.</summary>
    public int Arrived { get; }

    /// <summary>The number of each EXPUNGE.</summary>
    public IEnumerable<int> Expunged => _before is null || !_rules.MayExpunge ? [] : _before.ExpungesTo(_after!.State);

    /// <summary>The same messages by UID, ascending, for VANISHED.</summary>
    public IEnumerable<Uid> Vanished => _before is null || !_rules.MayExpunge ? [] : _before.VanishedTo(_after!.State);

    /// <summary>Messages, numbered as after the expunges, whose flags, or ModSeq where it is told, are other than the client knows.</summary>
    public IEnumerable<NumberedMessage> Changed
    {
        get
        {
            if (_before is null || _after is null)
            {
                yield break;
            }

            foreach (var change in _after.State.ChangesFrom(_before.State))
            {
                if (change.Kind != RowChangeKind.Changed)
                {
                    continue;
                }

                var row = _after.State[change.NewRank];
                var known = _before.State[change.OldRank].FlagWord;
                var isOwn = _rules.Own is { } own && own.Names(row.Uid);
                if (isOwn)
                {
                    known = _rules.Own!.IsSilent ? _rules.Own.Apply(known) : row.FlagWord;
                }

                // The command itself tells the ModSeqs of its own.
                if (row.FlagWord != known || (_rules.TellsModSeqs && !isOwn))
                {
                    yield return new NumberedMessage(_after.SequenceAt(change.NewRank, row.Uid), row, isDeparted: false);
                }
            }
        }
    }
}
