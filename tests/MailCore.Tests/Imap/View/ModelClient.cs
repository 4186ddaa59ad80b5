using MailCore.Imap.View;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.View;

/// <summary>
/// A client that believes what it is told: it numbers messages by EXISTS and EXPUNGE alone, learns a UID once and holds the server
/// to it.
/// </summary>
internal sealed class ModelClient
{
    private readonly ViewServer _server;
    private readonly List<(Uid Uid, ulong Flags)> _messages = [];

    public ModelClient(ViewServer server)
    {
        _server = server;
        Mailbox = new SelectedMailbox(server.State);
        Learn(server.State.Count);
    }

    public SelectedMailbox Mailbox { get; }

    public IReadOnlyList<(Uid Uid, ulong Flags)> Messages => _messages;

    public void Sync(bool mayExpunge, OwnChange? own = null)
    {
        var update = Mailbox.Update(_server.State, new UpdateRules(mayExpunge, Own: own));
        foreach (var sequence in update.Expunged)
        {
            Assert.That(mayExpunge, Is.True, "EXPUNGE where it is not allowed");
            Assert.That(sequence, Is.InRange(1, _messages.Count));
            Assert.That(_server.Rows, Does.Not.ContainKey(_messages[sequence - 1].Uid.Value), "EXPUNGE of a message that is there");
            _messages.RemoveAt(sequence - 1);
        }

        foreach (var message in update.Changed)
        {
            Assert.That(message.Sequence, Is.InRange(1, _messages.Count));
            Assert.That(message.Uid, Is.EqualTo(_messages[message.Sequence - 1].Uid), "FETCH with a wrong number");
            _messages[message.Sequence - 1] = (message.Uid, message.FlagWord);
        }

        if (update.Arrived > 0)
        {
            Learn(Mailbox.Count);
        }

        Check(mayExpunge);
    }

    /// <summary>STORE: commits, then hears of it as the command does.</summary>
    public void Store(IReadOnlyList<int> sequences, FlagMode mode, ulong bits, bool isSilent, bool mayExpunge)
    {
        Uid[] uids = [.. sequences.Order().Select(sequence => Mailbox.Numbers[sequence]).Where(static message => !message.IsDeparted).Select(static message => message.Uid)];
        var own = new OwnChange(uids, mode, bits, isSilent);
        _server.SetFlags(uids, own.Apply);
        for (var i = 0; i < _messages.Count; i++)
        {
            if (isSilent && own.Names(_messages[i].Uid))
            {
                _messages[i] = (_messages[i].Uid, own.Apply(_messages[i].Flags));
            }
            else if (!isSilent && own.Names(_messages[i].Uid) && _server.Rows.TryGetValue(_messages[i].Uid.Value, out var now))
            {
                // The command reports each from the newest rows.
                _messages[i] = (_messages[i].Uid, now);
            }
        }

        Sync(mayExpunge, own);
    }

    private void Learn(int count)
    {
        for (var sequence = _messages.Count + 1; sequence <= count; sequence++)
        {
            var message = Mailbox.Numbers[sequence];
            _messages.Add((message.Uid, message.FlagWord));
        }
    }

    private void Check(bool isWhole)
    {
        Assert.That(Mailbox.Count, Is.EqualTo(_messages.Count));
        for (var sequence = 1; sequence <= _messages.Count; sequence++)
        {
            var (uid, flags) = _messages[sequence - 1];
            var message = Mailbox.Numbers[sequence];
            if (message.Uid != uid || Mailbox.Numbers.UidAt(sequence) != uid || Mailbox.Numbers.SequenceOf(uid) != sequence || message.Sequence != sequence)
            {
                Assert.Fail($"{sequence} was UID {uid} and is UID {message.Uid}");
            }

            var isThere = _server.Rows.TryGetValue(uid.Value, out var now);
            if (message.IsDeparted == isThere || (isThere && (message.FlagWord != now || flags != now)))
            {
                Assert.Fail($"UID {uid}: departed {message.IsDeparted}, client has {flags:x}, session {message.FlagWord:x}, server {(isThere ? now.ToString("x") : "nothing")}");
            }
        }

        if (isWhole)
        {
            Assert.That(_messages.Select(static message => message.Uid.Value), Is.EqualTo(_server.Rows.Keys));
        }
    }
}
