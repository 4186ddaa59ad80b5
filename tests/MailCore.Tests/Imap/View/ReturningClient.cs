using MailCore.Imap.View;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.View;

/// <summary>
/// A QRESYNC client by the book (RFC 7162 6): keeps what it knows between its visits, takes note of the highest ModSeq it may, and on
/// its return believes what it is told.
/// </summary>
internal sealed class ReturningClient
{
    private readonly ViewServer _server;
    private readonly Random _random;
    private readonly SortedDictionary<uint, ulong> _cache = [];
    private SelectedMailbox? _mailbox;
    private ModSeq _kept = new(1);

    public ReturningClient(ViewServer server, Random random)
    {
        (_server, _random) = (server, random);
        Return(history: true);
    }

    public IReadOnlyDictionary<uint, ulong> Cache => _cache;

    public void Leave() => _mailbox = null;

    public void Act(FlagMode mode, ulong bits)
    {
        if (_mailbox is null)
        {
            Return(history: _random.Next(3) > 0);
            return;
        }

        var mayExpunge = _random.Next(2) == 0;
        if (_random.Next(2) == 0)
        {
            Sync(new UpdateRules(mayExpunge, TellsModSeqs: true), []);
            return;
        }

        Uid[] uids = [.. _cache.Keys.Where(_ => _random.Next(3) == 0).Select(static uid => new Uid(uid))];
        var own = new OwnChange(uids, mode, bits, IsSilent: _random.Next(2) == 0);
        _server.SetFlags(uids, own.Apply);
        Sync(new UpdateRules(mayExpunge, TellsModSeqs: true, own), uids);
    }

    /// <summary>Comes back, or asks for everything, and must then know what the server has.</summary>
    public void Return(bool history)
    {
        var state = _server.State;
        _mailbox = new SelectedMailbox(state);
        var request = Request(state);
        var vanished = request.Vanished(state, history ? _server.VanishedSince(_kept) : null);
        foreach (var range in vanished.Ranges)
        {
            Assert.That(state.LowerBound(range.First), Is.EqualTo(state.LowerBound(new Uid(range.Last.Value + 1))), "VANISHED of a message that is there");
        }

        var known = _cache.Keys.Select(static uid => new Uid(uid)).ToList();
        var gone = known.Where(uid => state.IndexOf(uid) < 0).ToList();
        Assert.That(known.Where(vanished.Contains), Is.EqualTo(gone), "VANISHED leaves one out");
        if (history && !ReferenceEquals(request.Known, UidSet.All))
        {
            Assert.That(vanished, Is.EqualTo(gone), "VANISHED of known UIDs is exact");
        }

        gone.ForEach(uid => _cache.Remove(uid.Value));
        var last = known.Count == 0 ? 0 : known[^1].Value;
        foreach (var row in state.Range(0, int.MaxValue))
        {
            if ((row.ModSeq > request.Since && request.Known.Contains(row.Uid)) || row.Uid.Value > last)
            {
                _cache[row.Uid.Value] = row.FlagWord;
            }
        }

        _kept = _mailbox.ToldModSeq;
        Assert.That(_cache, Is.EqualTo(_server.Rows));
    }

    private ResyncRequest Request(MailboxViewState state)
    {
        var known = _random.Next(3) == 0 ? UidSet.All : UidSet.From(_cache.Keys.Select(static uid => new Uid(uid)));
        var matches = SequenceMatches.None;
        if (_random.Next(2) == 0)
        {
            var pairs = _cache.Keys.Select(static (uid, rank) => (Sequence: new Uid((uint)rank + 1), Uid: new Uid(uid))).Where(_ => _random.Next(3) == 0).ToList();
            matches = new SequenceMatches(UidSet.From(pairs.Select(static pair => pair.Sequence)), UidSet.From(pairs.Select(static pair => pair.Uid)));
        }

        return new ResyncRequest(state.Info.UidValidity, _kept, known, matches);
    }

    private void Sync(UpdateRules rules, Uid[] stored)
    {
        var seen = _kept;
        var counted = _mailbox!.Numbers;
        var update = _mailbox.Update(_server.State, rules);
        Uid[] vanished = [.. update.Vanished];
        Assert.That(vanished, Is.Ordered);
        Assert.That(vanished.Where(uid => counted.SequenceOf(uid) == 0), Is.Empty, "VANISHED of a message that the client does not count");
        Assert.That(vanished, Has.Length.EqualTo(update.Expunged.Count()));
        foreach (var uid in vanished)
        {
            _cache.Remove(uid.Value);
        }

        foreach (var message in update.Changed)
        {
            Learn(message.Uid, message.FlagWord, message.ModSeq);
        }

        // What STORE itself reports.
        foreach (var uid in stored)
        {
            if (_server.State.IndexOf(uid) is >= 0 and var rank)
            {
                Learn(uid, _server.State[rank].FlagWord, _server.State[rank].ModSeq);
            }
        }

        // New messages are fetched as they come.
        for (var sequence = _mailbox.Count - update.Arrived + 1; sequence <= _mailbox.Count; sequence++)
        {
            Learn(_mailbox.Numbers[sequence].Uid, _mailbox.Numbers[sequence].FlagWord, _mailbox.Numbers[sequence].ModSeq);
        }

        _kept = _mailbox.OwesExpunges ? _mailbox.ToldModSeq : seen;
        Assert.That(_mailbox.ToldModSeq, Is.GreaterThanOrEqualTo(_kept));

        void Learn(Uid uid, ulong flags, ModSeq modSeq)
        {
            _cache[uid.Value] = flags;
            seen = modSeq > seen ? modSeq : seen;
        }
    }
}
