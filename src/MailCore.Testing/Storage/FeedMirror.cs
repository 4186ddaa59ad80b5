using MailCore.Storage;

namespace MailCore.Testing.Storage;

/// <summary>Knows of an account only what the change feed says, and judges the feed while it listens.</summary>
internal sealed class FeedMirror
{
    private readonly Dictionary<MailboxId, Mirrored> _mailboxes = [];

    public ModSeq AsOf { get; private set; }

    public int CountRows() => _mailboxes.Values.Sum(static mailbox => mailbox.Rows.Count);

    public static FeedMirror From(LoadedMailbox load)
    {
        var known = new Mirrored { Info = load.Info };
        foreach (var row in load.Rows)
        {
            known.Rows[row.Uid.Value] = row;
            known.Highest = row.Uid.Value;
        }

        return new FeedMirror { AsOf = load.AsOf, _mailboxes = { [load.Info.Id] = known } };
    }

    public void Apply(ChangeSet changes)
    {
        Check.That(!changes.Truncated, "A change set without a limit is truncated.");
        Check.That(changes.AsOf >= AsOf, $"The feed went back from {AsOf} to {changes.AsOf}.");
        foreach (var id in changes.Removed)
        {
            _mailboxes.Remove(id);
        }

        foreach (var delta in changes.Mailboxes)
        {
            Apply(delta, changes.AsOf);
        }

        AsOf = changes.AsOf;
    }

    public void CheckSame(LoadedMailbox load)
    {
        var known = Check.NotNull(_mailboxes.GetValueOrDefault(load.Info.Id), $"{load.Info.Name} in the change feed");
        Check.Equal(load.Info.Name, known.Info!.Name, "Name by the feed");
        Check.Sequence(load.Info.Keywords, known.Info.Keywords, $"Keywords of {load.Info.Name} by the feed");
        Check.Equal(load.Info.HighestModSeq, known.Info.HighestModSeq, $"HighestModSeq of {load.Info.Name} by the feed");
        Check.Sequence(load.Rows, known.Rows.Values, $"Rows of {load.Info.Name} by the feed");
    }

    private void Apply(MailboxDelta delta, ModSeq asOf)
    {
        if (!_mailboxes.TryGetValue(delta.Info.Id, out var known))
        {
            _mailboxes[delta.Info.Id] = known = new Mirrored();
        }

        var name = delta.Info.Name;
        var rows = new List<MailboxRow>();
        StoreProbe.AddRows(delta.Changed, rows);
        StoreProbe.CheckAscending(rows.Select(static row => row.Uid.Value), $"Changed rows of {name}");
        StoreProbe.CheckAscending(delta.Vanished, $"Vanished rows of {name}");
        foreach (var uid in delta.Vanished)
        {
            known.Rows.Remove(uid);
            known.Gone.Add(uid);
        }

        // A client that has seen UID 11 never asks for 10 again.
        var highest = known.Highest;
        foreach (var row in rows)
        {
            var uid = row.Uid.Value;
            Check.That(row.ModSeq > AsOf && row.ModSeq <= asOf, $"The feed from {AsOf} to {asOf} has UID {uid} of {name} with ModSeq {row.ModSeq}.");
            Check.That(!known.Gone.Contains(uid), $"UID {uid} of {name} came back after it had vanished.");
            Check.That(known.Rows.ContainsKey(uid) || uid > highest, $"UID {uid} of {name} appeared after UID {highest}.");
            Check.That(known.Info is null || known.Rows.ContainsKey(uid) || uid >= known.Info.UidNext.Value, $"UID {uid} of {name} is below the UIDNEXT {known.Info?.UidNext} told before.");
            known.Rows[uid] = row;
            known.Highest = Math.Max(known.Highest, uid);
        }

        foreach (var uid in delta.Vanished)
        {
            known.Highest = Math.Max(known.Highest, uid);
        }

        Check.That(delta.Info.HighestModSeq <= asOf, $"HighestModSeq {delta.Info.HighestModSeq} of {name} is past the feed's {asOf}.");
        Check.Equal(known.Rows.Count, delta.Info.Messages, $"Messages of {name} in the feed as of {asOf}");
        known.Info = delta.Info;
    }

    private sealed class Mirrored
    {
        public SortedDictionary<uint, MailboxRow> Rows { get; } = [];

        public HashSet<uint> Gone { get; } = [];

        public uint Highest { get; set; }

        public MailboxInfo? Info { get; set; }
    }
}
