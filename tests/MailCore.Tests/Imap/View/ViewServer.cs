using MailCore.Storage;

namespace MailCore.Tests.Imap.View;

/// <summary>A mailbox of rows in memory that hands out states as a shared view does.</summary>
internal sealed class ViewServer
{
    private readonly SortedDictionary<uint, ulong> _rows = [];
    private readonly List<string> _keywords = [];
    private readonly List<(long ModSeq, uint Uid)> _graves = [];
    private uint _uidNext = 1;
    private long _modSeq = 1;

    public ViewServer() => State = new MailboxViewState(new ModSeq(1), Info(), RowSegments.Empty);

    public MailboxViewState State { get; private set; }

    public IReadOnlyDictionary<uint, ulong> Rows => _rows;

    public Uid Append(ulong flags = 0)
    {
        var uid = _uidNext++;
        _rows[uid] = flags;
        Publish([uid], []);
        return new Uid(uid);
    }

    public void Append(int count)
    {
        var first = _uidNext;
        for (var i = 0; i < count; i++)
        {
            _rows[_uidNext++] = 0;
        }

        Publish([.. Enumerable.Range(0, count).Select(i => first + (uint)i)], []);
    }

    public void Expunge(params IEnumerable<Uid> uids)
    {
        uint[] gone = [.. uids.Select(static uid => uid.Value).Where(_rows.Remove).Order()];
        Publish([], gone);
    }

    public void SetFlags(IEnumerable<Uid> uids, Func<ulong, ulong> change)
    {
        var changed = new List<uint>();
        foreach (var uid in uids)
        {
            if (_rows.TryGetValue(uid.Value, out var before) && change(before) != before)
            {
                _rows[uid.Value] = change(before);
                changed.Add(uid.Value);
            }
        }

        Publish([.. changed.Order()], []);
    }

    public void AddKeyword(string name)
    {
        _keywords.Add(name);
        Publish([], []);
    }

    /// <summary>What left after a ModSeq, as a store answers it.</summary>
    public IReadOnlyList<Uid> VanishedSince(ModSeq since) =>
        [.. _graves.Where(grave => grave.ModSeq > since.Value).Select(static grave => new Uid(grave.Uid)).Order()];

    private void Publish(uint[] changed, uint[] vanished)
    {
        var modSeq = ++_modSeq;
        _graves.AddRange(vanished.Select(uid => (modSeq, uid)));
        var rows = new ColumnSegment(
            changed, [.. changed.Select(uid => _rows[uid])], [.. changed.Select(_ => modSeq)], [.. changed.Select(static uid => uid * 10)]);
        State = State.With(new ModSeq(modSeq), new MailboxDelta(Info(), rows, vanished));
    }

    private MailboxInfo Info() => new(
        new MailboxId("m"), "INBOX", 1, new Uid(_uidNext), new ModSeq(_modSeq), _rows.Count, 0, 0, 0, new Uid(1), [.. _keywords]);
}
