using System.Buffers;
using System.Text;
using MailCore.Authentication;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Fetch;

/// <summary>
/// Answers one FETCH. What the view's columns hold is written without asking the store; the rest is read for a batch of messages
/// at a time, and nothing of the store is held while the client takes it but a reader of the one message being sent.
/// </summary>
internal sealed class FetchRun
{
    private const int BatchSize = 64;
    private const int BreathSize = 16 * 1024;

    private readonly ImapSession _session;
    private readonly ImapSelection _selection;
    private readonly ImapWriter _writer;
    private readonly FetchItem[] _items;
    private readonly MessageFields _fields;
    private readonly bool _setsSeen;
    private readonly bool _hasFlags;
    private readonly bool _needsSummary;
    private readonly ModSeq _changedSince;
    private readonly CommandProgress _progress;

    // Messages gone through since anything was written, which would have found out that the client has left.
    private int _silence;

    /// <param name="session">With a selected mailbox.</param>
    /// <param name="items">What to fetch of each message.</param>
    /// <param name="changedSince">Messages that have not changed after this one are passed over.</param>
    public FetchRun(ImapSession session, IReadOnlyList<FetchItem> items, ModSeq changedSince = default)
    {
        _changedSince = changedSince;
        _progress = new CommandProgress(session);
        (_session, _selection, _writer, _items) = (session, session.Selection!, session.Writer, [.. items]);
        _setsSeen = _selection.TakesFlags && _selection.Allows(MailboxOperation.StoreSeen) && items.Any(static item => item.SetsSeen);
        _hasFlags = items.Any(static item => item.Kind == FetchKind.Flags);
        foreach (var item in items)
        {
            _fields |= FieldsOf(item);
            _needsSummary |= FieldsOf(item).HasFlag(MessageFields.Summary) && !item.IsLazy;
        }
    }

    /// <summary>Some messages were left out since a section to be decoded has an encoding that nobody knows.</summary>
    public bool MetUnknownEncoding { get; private set; }

    /// <summary>Writes a response for each message; false when some are gone from the store too.</summary>
    public ValueTask<bool> RunAsync(SequenceSet set) => _fields == MessageFields.None ? RunColumnsAsync(set) : RunRowsAsync(set);

    private static MessageFields FieldsOf(FetchItem item) => item.Kind switch
    {
        FetchKind.InternalDate or FetchKind.SaveDate => MessageFields.Dates,
        FetchKind.EmailId => MessageFields.EmailId,
        FetchKind.Binary or FetchKind.BinarySize or FetchKind.Envelope or FetchKind.Body or FetchKind.BodyStructure => MessageFields.Summary | MessageFields.Content,
        FetchKind.Preview => item.IsLazy ? MessageFields.Summary : MessageFields.Summary | MessageFields.Content,
        FetchKind.Section => NeedsSummary(item) ? MessageFields.Summary | MessageFields.Content : MessageFields.Content,
        _ => MessageFields.None,
    };

    private static bool NeedsSummary(FetchItem item) => item.Part.Length > 0 || item.Text != SectionText.All;

    private async ValueTask<bool> RunColumnsAsync(SequenceSet set)
    {
        var looked = 0;
        var total = set.Count;
        foreach (var sequence in set)
        {
            if (++looked % BreathSize == 0)
            {
                await _session.BreatheAsync();
                await _progress.TellAsync(looked - 1, total);
            }

            var message = _selection.Messages.Numbers[sequence];
            if (message.ModSeq <= _changedSince)
            {
                continue;
            }

            _writer.BeginFetch(sequence, message.Uid);
            for (var i = 0; i < _items.Length; i++)
            {
                _writer.Raw(i > 0 ? " "u8 : ""u8);
                WriteItem(_items[i], message, null);
            }

            _writer.Raw(")"u8).Line();
            if (_writer.WantsFlush)
            {
                await _writer.FlushAsync(_session.Aborted);
            }
        }

        return true;
    }

    private async ValueTask<bool> RunRowsAsync(SequenceSet set)
    {
        var isComplete = true;
        var batch = new List<int>(BatchSize);
        var looked = 0;
        var total = set.Count;
        foreach (var sequence in set)
        {
            if (++looked % BreathSize == 0)
            {
                await _session.BreatheAsync();
            }

            if (_changedSince.Value > 0 && _selection.Messages.Numbers[sequence].ModSeq <= _changedSince)
            {
                continue;
            }

            batch.Add(sequence);
            if (batch.Count == BatchSize)
            {
                isComplete &= await RunBatchAsync(batch, looked, total);
                batch.Clear();
            }
        }

        return batch.Count == 0 ? isComplete : await RunBatchAsync(batch, looked, total) && isComplete;
    }

    // The last of the batch is the one looked at last, of the total.
    private async ValueTask<bool> RunBatchAsync(List<int> batch, int looked, int total)
    {
        if (_silence >= BatchSize)
        {
            _silence = 0;
            await _session.BreatheAsync();
        }

        if (!await _selection.HoldsAsync())
        {
            return false;
        }

        var numbers = _selection.Messages.Numbers;
        var step = batch[0] <= batch[^1] ? 1 : -1;
        var uids = batch.ConvertAll(numbers.UidAt).ToArray();
        if (step < 0)
        {
            Array.Reverse(uids);
        }

        var seen = _setsSeen && _selection.Allows(MailboxOperation.StoreSeen) ? await SetSeenAsync(batch) : [];
        var rows = await _selection.Mailbox.ReadBatchAsync(uids, _fields, _session.Aborted);
        var isComplete = true;
        var next = step > 0 ? 0 : rows.Count - 1;
        var left = batch.Count;
        foreach (var sequence in batch)
        {
            await _progress.TellAsync(looked - left--, total);
            _silence++;
            var message = _selection.Messages.Numbers[sequence];
            if ((uint)next >= (uint)rows.Count || rows[next].Uid != message.Uid)
            {
                isComplete = false;
                continue;
            }

            await using var stored = new StoredMessage(_selection.Mailbox, rows[next]);
            next += step;
            isComplete &= await RunMessageAsync(message, stored, Array.BinarySearch(seen, message.Uid) >= 0);
        }

        return isComplete;
    }

    // RFC 3501 6.4.5: before the octets are sent, so that the response can say so. No message number changes.
    private async ValueTask<Uid[]> SetSeenAsync(List<int> batch)
    {
        var unseen = new List<Uid>();
        foreach (var sequence in batch)
        {
            var message = _selection.Messages.Numbers[sequence];
            if (!message.IsDeparted && (message.FlagWord & (ulong)SystemFlags.Seen) == 0)
            {
                unseen.Add(message.Uid);
            }
        }

        Uid[] uids = [.. unseen];
        Array.Sort(uids);
        if (uids.Length == 0
            || !(await _selection.Mailbox.SetFlagsAsync(uids, new FlagChange(FlagMode.Add, SystemFlags.Seen), _session.Aborted)).Succeeded)
        {
            return [];
        }

        var own = new OwnChange(uids, FlagMode.Add, (ulong)SystemFlags.Seen, IsSilent: false);
        await _selection.SyncAsync(_session, mayExpunge: false, own, surely: true);
        return uids;
    }

    private async ValueTask<bool> RunMessageAsync(NumberedMessage message, StoredMessage stored, bool isSeenNow)
    {
        if ((_needsSummary && !await stored.SummarizeAsync(_session.Aborted))
            || (_items.Any(static item => item.Kind is FetchKind.Section or FetchKind.Binary or FetchKind.BinarySize) && !await stored.OpenAsync(_session.Aborted)))
        {
            return false;
        }

        if (!Array.TrueForAll(_items, item => item.Kind is not (FetchKind.Binary or FetchKind.BinarySize) || new BinarySection(item, stored).CanDecode))
        {
            MetUnknownEncoding = true;
            if (isSeenNow)
            {
                _selection.WriteFlags(_writer, message, withUid: false);
            }

            return true;
        }

        _silence = 0;
        _writer.BeginFetch(message.Sequence, message.Uid);
        for (var i = 0; i < _items.Length; i++)
        {
            _writer.Raw(i > 0 ? " "u8 : ""u8);
            switch (_items[i].Kind)
            {
                case FetchKind.Section:
                    await WriteSectionAsync(_items[i], stored);
                    break;
                case FetchKind.Binary:
                    await new BinarySection(_items[i], stored).WriteAsync(_writer, _session.Aborted);
                    break;
                case FetchKind.BinarySize:
                    await new BinarySection(_items[i], stored).WriteSizeAsync(_writer, _session.Aborted);
                    break;
                default:
                    WriteItem(_items[i], message, stored);
                    break;
            }
        }

        if (isSeenNow && !_hasFlags)
        {
            WriteFlags(_writer.Raw(" "u8), message);
        }

        _writer.Raw(")"u8).Line();
        if (_writer.WantsFlush)
        {
            await _writer.FlushAsync(_session.Aborted);
        }

        return true;
    }

    private void WriteItem(FetchItem item, NumberedMessage message, StoredMessage? stored) => _ = item.Kind switch
    {
        FetchKind.Flags => WriteFlags(_writer, message),
        FetchKind.Uid => _writer.Raw("UID "u8).Number(message.Uid.Value),
        FetchKind.ModSeq => _writer.Raw("MODSEQ ("u8).Number(message.ModSeq.Value).Raw(")"u8),
        FetchKind.Size => _writer.Raw("RFC822.SIZE "u8).Number(message.Size),
        FetchKind.InternalDate => _writer.Raw("INTERNALDATE "u8).DateTime(stored!.Row.InternalDate),
        FetchKind.SaveDate => _writer.Raw("SAVEDATE "u8).DateTime(stored!.Row.SaveDate),
        FetchKind.EmailId => _writer.Raw("EMAILID ("u8).Raw(stored!.Row.EmailId.Value).Raw(")"u8),
        FetchKind.ThreadId => _writer.Raw("THREADID "u8).Nil(),
        FetchKind.Preview => WritePreview(stored!),
        FetchKind.Envelope => _writer.Raw("ENVELOPE "u8).Envelope(stored!.Summary.Envelope),
        FetchKind.Body => _writer.Raw("BODY "u8).Structure(stored!.Summary.Root, isExtended: false),
        _ => _writer.Raw("BODYSTRUCTURE "u8).Structure(stored!.Summary.Root, isExtended: true),
    };

    private ImapWriter WritePreview(StoredMessage stored)
    {
        _writer.Raw("PREVIEW "u8);
        return stored.HasSummary ? _writer.String(Encoding.UTF8.GetBytes(stored.Summary.Preview)) : _writer.Nil();
    }

    private ImapWriter WriteFlags(ImapWriter writer, NumberedMessage message) =>
        writer.Raw("FLAGS "u8).Flags(message.FlagWord, _selection.ShowsRecent(message.Uid), _selection.Messages.State.Info.Keywords);

    private async ValueTask WriteSectionAsync(FetchItem item, StoredMessage stored)
    {
        _writer.Raw(item.Label).Raw(" "u8);
        if (MessageRange.Locate(item, stored) is not { } range)
        {
            _writer.Nil();
        }
        else if (item.Text is SectionText.HeaderFields or SectionText.HeaderFieldsNot)
        {
            await WriteFieldsAsync(item, stored, range);
        }
        else if (range.Cut(item) is { Length: > 0 } cut)
        {
            _writer.LiteralHeader(cut.Length);
            await _writer.CopyAsync(stored.Content, cut.Offset, cut.Length, _session.Aborted);
        }
        else
        {
            _writer.Raw("\"\""u8);
        }
    }

    // A header block is bounded by MimeLimits.HeaderOctets and the prefix.
    private async ValueTask WriteFieldsAsync(FetchItem item, StoredMessage stored, MessageRange range)
    {
        var block = ArrayPool<byte>.Shared.Rent((int)range.Length);
        try
        {
            var length = await stored.Content.ReadFullyAsync(range, block, _session.Aborted);
            var kept = HeaderFilter.Keep(block.AsSpan(0, length), item.Fields, item.Text == SectionText.HeaderFieldsNot);
            var cut = new MessageRange(0, kept).Cut(item);
            if (cut.Length == 0)
            {
                _writer.Raw("\"\""u8);
            }
            else
            {
                _writer.LiteralHeader(cut.Length).Raw(block.AsSpan((int)cut.Offset, (int)cut.Length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
