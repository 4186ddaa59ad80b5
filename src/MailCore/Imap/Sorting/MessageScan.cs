using MailCore.Imap.Fetch;
using MailCore.Imap.Search;
using MailCore.Imap.View;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>
/// Takes what a search finds and looks at each message that has no keys yet, in the order of their numbers and a batch at a time. What
/// the store has forgotten is passed over.
/// </summary>
internal sealed class MessageScan : ISearchSink
{
    private const int BreathSize = 4096;

    private readonly ImapSession _session;
    private readonly Mailbox _mailbox;
    private readonly KeyedMessages _messages;
    private readonly MessageGlanceHandler _look;
    private readonly NumberedMessage[] _batch = new NumberedMessage[StorageLimits.UidsPerRead];
    private readonly Uid[] _uids = new Uid[StorageLimits.UidsPerRead];
    private int _count;
    private int _next;
    private bool _isStuck;
    private MessageFields _read;
    private int _silence;

    public MessageScan(ImapSession session, KeyedMessages messages)
    {
        (_session, _mailbox, _messages) = (session, session.Selection!.Mailbox, messages);
        _look = Look;
    }

    /// <inheritdoc/>
    public bool WantsFirst => false;

    /// <inheritdoc/>
    public bool IsDone => false;

    /// <summary>The highest ModSeq found.</summary>
    public ModSeq HighestModSeq { get; private set; }

    /// <inheritdoc/>
    public ValueTask AddAsync(NumberedMessage message)
    {
        HighestModSeq = message.ModSeq > HighestModSeq ? message.ModSeq : HighestModSeq;
        if (_messages.Add(message))
        {
            return ValueTask.CompletedTask;
        }

        _batch[_count] = message;
        _uids[_count++] = message.Uid;
        return _count == _batch.Length ? LookAsync() : ValueTask.CompletedTask;
    }

    /// <summary>Looks at what is left; called when nothing more will be added.</summary>
    public async ValueTask EndAsync()
    {
        if (_count > 0)
        {
            await LookAsync();
        }

        _messages.Complete();
    }

    private async ValueTask LookAsync()
    {
        _next = 0;
        do
        {
            _isStuck = false;
            _read = _messages.Fields;
            await _mailbox.ScanBatchAsync(_uids.AsMemory(_next, _count - _next), _read, _look, _session.Aborted);
        }
        while (_read != _messages.Fields);

        if (_isStuck)
        {
            await ReadRestAsync();
        }

        _silence += _count;
        _count = 0;
        if (_silence >= BreathSize)
        {
            _silence = 0;
            await _session.BreatheAsync();
        }
    }

    private void Look(in MessageGlance glance)
    {
        var next = _next;
        while (next < _count && _batch[next].Uid != glance.Uid)
        {
            next++;
        }

        _isStuck |= (_read & MessageFields.Summary) != 0 && !EnvelopeView.TryOpen(glance.Summary, out _);
        if (_isStuck || next == _count)
        {
            return;
        }

        _next = next;
        _isStuck = !_messages.TryLook(_batch[next], glance, _read);
        _next += _isStuck ? 0 : 1;
    }

    // From the first message on whose summary is missing or of an older version.
    private async ValueTask ReadRestAsync()
    {
        var rows = await _mailbox.ReadBatchAsync(_uids.AsMemory(_next, _count - _next), MessageFields.All, _session.Aborted);
        foreach (var row in rows)
        {
            while (_batch[_next].Uid != row.Uid)
            {
                _next++;
            }

            await using var stored = new StoredMessage(_mailbox, row);
            if (await stored.SummarizeAsync(_session.Aborted))
            {
                _messages.TryLook(_batch[_next], new MessageGlance(row with { Summary = stored.Summary.Encode() }), MessageFields.All);
            }
        }
    }
}
