using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Imap.View;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Messages of which the columns do not tell whether they match: what the store has beside them is looked at where it stands, and only
/// those that are still open are read, header first.
/// </summary>
internal sealed class UndecidedMessages
{
    private const int MaxRead = 64;

    /// <summary>What reading a message weighs against looking at a summary.</summary>
    private const int ReadEffort = 16;

    private readonly ImapSession _session;
    private readonly Mailbox _mailbox;
    private readonly SearchPlan _plan;
    private readonly TextSearch _text;
    private readonly MessageGlanceHandler _look;
    private readonly List<(NumberedMessage Message, int Position)> _messages = [];
    private readonly bool?[] _answers;
    private readonly Uid[] _uids;
    private int _next;

    // What is known of the message at hand.
    private SearchCost _known;
    private MessageRow? _row;
    private ReadOnlyMemory<byte> _summary;
    private ReadOnlyMemory<byte> _header;
    private bool[] _found = [];

    public UndecidedMessages(ImapSession session, Mailbox mailbox, SearchPlan plan)
    {
        (_session, _mailbox, _plan) = (session, mailbox, plan);
        _text = new TextSearch(plan.Contents);
        _look = Look;
        // Where the columns tell all, there are none.
        var limit = plan.Root.Cost switch
        {
            SearchCost.Columns => 0,
            >= SearchCost.Header => MaxRead,
            _ => StorageLimits.UidsPerRead,
        };
        _answers = new bool?[limit];
        _uids = new Uid[limit];
    }

    public int Count => _messages.Count;

    public bool IsFull => Count == _uids.Length;

    /// <summary>How far the search was at the first of them.</summary>
    public int? FirstPosition => Count == 0 ? null : _messages[0].Position;

    /// <summary>Work done since the caller set this to 0, in summaries looked at.</summary>
    public int Effort { get; set; }

    /// <summary>After <see cref="DecideAsync"/>.</summary>
    public bool this[int index] => _answers[index] == true;

    public void Add(NumberedMessage message, int position) => _messages.Add((message, position));

    public void Clear() => _messages.Clear();

    /// <summary>Finds the answers; with <paramref name="firstOnly"/> up to the first that matches.</summary>
    public async ValueTask DecideAsync(bool firstOnly, SearchProgress progress)
    {
        Array.Clear(_answers);
        if (_plan.Root.Fields != MessageFields.None)
        {
            await LookAsync();
        }

        var count = 0;
        for (var i = 0; i < Count && !(firstOnly && _answers[i] == true); i++)
        {
            if (_answers[i] is null)
            {
                _uids[count++] = _messages[i].Message.Uid;
            }
        }

        if (count > 0)
        {
            var rows = await _mailbox.ReadBatchAsync(_uids.AsMemory(0, count), _plan.Root.Fields | MessageFields.Content | MessageFields.Summary, _session.Aborted);
            await ReadAsync(rows, firstOnly, progress);
        }
    }

    private async ValueTask LookAsync()
    {
        for (var i = 0; i < Count; i++)
        {
            _uids[i] = _messages[i].Message.Uid;
        }

        _next = 0;
        await _mailbox.ScanBatchAsync(_uids.AsMemory(0, Count), _plan.Root.Fields, _look, _session.Aborted);
        Effort += Count;
        // What the store has forgotten matches nothing.
        _answers.AsSpan(_next, Count - _next).Fill(false);
    }

    private void Look(in MessageGlance glance)
    {
        while (_next < Count && _messages[_next].Message.Uid != glance.Uid)
        {
            _answers[_next++] = false;
        }

        if (_next == Count)
        {
            return;
        }

        var subject = new SearchSubject
        {
            Message = _messages[_next].Message,
            Known = EnvelopeView.TryOpen(glance.Summary, out _) ? SearchCost.Summary : SearchCost.Row,
            InternalDate = glance.InternalDate,
            SaveDate = glance.SaveDate,
            EmailId = glance.EmailId.Value,
            Summary = glance.Summary,
        };
        _answers[_next++] = _plan.Root.Evaluate(subject);
    }

    private async ValueTask ReadAsync(IReadOnlyList<MessageRow> rows, bool firstOnly, SearchProgress progress)
    {
        var next = 0;
        for (var i = 0; i < Count; i++)
        {
            var (message, position) = _messages[i];
            if (_answers[i] is null)
            {
                await progress.TellAsync(position);
                var isKnown = next < rows.Count && rows[next].Uid == message.Uid;
                _answers[i] = isKnown && await ReadAsync(message, rows[next++]);
            }

            if (firstOnly && _answers[i] == true)
            {
                return;
            }
        }
    }

    private async ValueTask<bool> ReadAsync(NumberedMessage message, MessageRow row)
    {
        await using var stored = new StoredMessage(_mailbox, row);
        Effort += ReadEffort;
        (_row, _known) = (row, SearchCost.Row);
        if (Evaluate(message) is { } byRow)
        {
            return byRow;
        }

        if (!await stored.SummarizeAsync(_session.Aborted))
        {
            return false;
        }

        (_summary, _known) = (stored.EncodedSummary, SearchCost.Summary);
        return Evaluate(message) ?? (await stored.OpenAsync(_session.Aborted) && await ReadContentAsync(message, stored));
    }

    private async ValueTask<bool> ReadContentAsync(NumberedMessage message, StoredMessage stored)
    {
        // Bounded by MimeLimits.HeaderOctets and the prefix.
        var range = new MessageRange(0, stored.PrefixLength + stored.Summary.Root.HeaderLength);
        var block = ArrayPool<byte>.Shared.Rent((int)range.Length);
        try
        {
            var length = await stored.Content.ReadFullyAsync(range, block, _session.Aborted);
            (_header, _known) = (block.AsMemory(0, length), SearchCost.Header);
            if (Evaluate(message) is { } byHeader)
            {
                return byHeader;
            }

            (_found, _known) = (await _text.FindAsync(stored, _header, _session.Aborted), SearchCost.Body);
            return Evaluate(message) == true;
        }
        finally
        {
            _header = default;
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private bool? Evaluate(NumberedMessage message) => _plan.Root.Evaluate(new SearchSubject
    {
        Message = message,
        Known = _known,
        InternalDate = _row!.InternalDate,
        SaveDate = _row.SaveDate,
        EmailId = _row.EmailId.Value,
        Summary = _summary.Span,
        Header = _header.Span,
        Found = _found,
    });
}
