using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Writes what a SEARCH finds while it finds it: as SEARCH (RFC 3501 7.2.5) or as ESEARCH (RFC 4731 3.1), whose sets and extremes cost
/// no list. Nothing is written before there is something to say, so that a search that fails can still be answered.
/// </summary>
internal sealed class SearchReport(ImapSession session, SearchReturn wanted, bool areUids) : ISearchSink
{
    private readonly ImapWriter _writer = session.Writer;
    private readonly List<UidRange> _saved = [];
    private NumberedMessage _first;
    private NumberedMessage _last;
    private ModSeq _highest;
    private long _count;

    // The run of numbers not written yet.
    private uint _runFirst;
    private uint _runLast;
    private bool _hasBegun;
    private bool _hasSet;

    /// <inheritdoc/>
    public bool WantsFirst => (wanted & ~SearchReturn.Save) == SearchReturn.Min;

    /// <inheritdoc/>
    public bool IsDone => WantsFirst && _count > 0;

    /// <inheritdoc/>
    public ValueTask AddAsync(NumberedMessage message)
    {
        Save(message);
        _first = _count == 0 ? message : _first;
        _last = message;
        _count++;
        _highest = message.ModSeq > _highest ? message.ModSeq : _highest;
        if (wanted == SearchReturn.Plain)
        {
            Begin();
            _writer.Raw(" "u8).Number(NumberOf(message));
        }
        else if ((wanted & SearchReturn.All) != 0)
        {
            Extend(NumberOf(message));
        }

        return _writer.WantsFlush ? _writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
    }

    /// <summary>Finishes the response, with the highest ModSeq found where the criteria name ModSeqs (RFC 7162 3.1.6).</summary>
    public void End(bool tellsModSeq)
    {
        tellsModSeq &= _count > 0;
        if (wanted == SearchReturn.Plain)
        {
            Begin();
            if (tellsModSeq)
            {
                _writer.Raw(" (MODSEQ "u8).Number(_highest.Value).Raw(")"u8);
            }

            _writer.Line();
        }
        else if (wanted != SearchReturn.Save)
        {
            EndExtended(tellsModSeq);
        }
    }

    /// <summary>
    /// What '$' stands for from now on: with MIN or MAX and neither ALL nor COUNT, only those (RFC 5182 2.4).
    /// </summary>
    public UidSet Saved()
    {
        if ((wanted & (SearchReturn.All | SearchReturn.Count)) != 0 || (wanted & (SearchReturn.Min | SearchReturn.Max)) == 0 || _count == 0)
        {
            return UidSet.FromRanges(_saved);
        }

        var extremes = new List<Uid>();
        if (wanted.HasFlag(SearchReturn.Min))
        {
            extremes.Add(_first.Uid);
        }

        if (wanted.HasFlag(SearchReturn.Max))
        {
            extremes.Add(_last.Uid);
        }

        return UidSet.From(extremes);
    }

    private uint NumberOf(NumberedMessage message) => areUids ? message.Uid.Value : (uint)message.Sequence;

    // Neighbours by number share a range, whatever UIDs are missing between them: those are never used again.
    private void Save(NumberedMessage message)
    {
        if ((wanted & SearchReturn.Save) == 0)
        {
            return;
        }

        if (_count > 0 && message.Sequence == _last.Sequence + 1)
        {
            _saved[^1] = _saved[^1] with { Last = message.Uid };
        }
        else
        {
            _saved.Add(new UidRange(message.Uid, message.Uid));
        }
    }

    private void Begin()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        if (wanted == SearchReturn.Plain)
        {
            _writer.Raw("* SEARCH"u8);
            return;
        }

        _writer.Raw("* ESEARCH (TAG \""u8).Raw(session.Tag.Span).Raw(areUids ? "\") UID"u8 : "\")"u8);
    }

    private void Extend(uint number)
    {
        if (_runLast != 0 && number == _runLast + 1)
        {
            _runLast = number;
            return;
        }

        WriteRun();
        _runFirst = _runLast = number;
    }

    private void WriteRun()
    {
        if (_runLast == 0)
        {
            return;
        }

        Begin();
        _writer.Raw(_hasSet ? ","u8 : " ALL "u8).Number(_runFirst);
        _hasSet = true;
        if (_runLast != _runFirst)
        {
            _writer.Raw(":"u8).Number(_runLast);
        }
    }

    private void EndExtended(bool tellsModSeq)
    {
        WriteRun();
        Begin();
        if (_count > 0 && wanted.HasFlag(SearchReturn.Min))
        {
            _writer.Raw(" MIN "u8).Number(NumberOf(_first));
        }

        if (_count > 0 && wanted.HasFlag(SearchReturn.Max))
        {
            _writer.Raw(" MAX "u8).Number(NumberOf(_last));
        }

        if (wanted.HasFlag(SearchReturn.Count))
        {
            _writer.Raw(" COUNT "u8).Number(_count);
        }

        if (tellsModSeq)
        {
            _writer.Raw(" MODSEQ "u8).Number(ModSeqOfReturned().Value);
        }

        _writer.Line();
    }

    // RFC 4731 3.2.
    private ModSeq ModSeqOfReturned() => (wanted & ~SearchReturn.Save) switch
    {
        SearchReturn.Min => _first.ModSeq,
        SearchReturn.Max => _last.ModSeq,
        SearchReturn.Min | SearchReturn.Max => _first.ModSeq > _last.ModSeq ? _first.ModSeq : _last.ModSeq,
        _ => _highest,
    };
}
