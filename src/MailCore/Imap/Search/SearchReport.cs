using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Writes what a SEARCH finds while it finds it: as SEARCH (RFC 3501 7.2.5) or as ESEARCH (RFC 4731 3.1, RFC 9394 3.1), whose sets and
/// extremes cost no list. Nothing is written before there is something to say, so that a search that fails can still be answered.
/// </summary>
/// <param name="session">The client.</param>
/// <param name="mailbox">What the numbers mean.</param>
/// <param name="options">What is wanted.</param>
/// <param name="areUids">Whether UIDs are told.</param>
internal sealed class SearchReport(ImapSession session, SelectedMailbox mailbox, SearchReturnOptions options, bool areUids) : ISearchSink
{
    private readonly ImapWriter _writer = session.Writer;
    private readonly long? _limit = options.Limit;
    private readonly LastPage? _lastPage = options.Has(SearchReturn.Partial) && options.Page.IsFromEnd ? new LastPage(options.Page) : null;
    private readonly UidRuns _page = new();
    private readonly List<bool> _areExact = [];
    private NumberedMessage _first;
    private NumberedMessage _last;
    private ModSeq _highest;
    private ModSeq _highestOnPage;
    private long _count;

    // The run of numbers not written yet.
    private uint _runFirst;
    private uint _runLast;
    private bool _hasBegun;
    private bool _hasSet;

    /// <inheritdoc/>
    public bool WantsFirst => _limit == 1;

    /// <inheritdoc/>
    public bool IsDone => _count >= _limit;

    /// <summary>Named in the response beside the tag, and then there is none when nothing was found (RFC 7377 2.1).</summary>
    public MailboxInfo? Source { get; init; }

    /// <summary>For RELEVANCY: the messages that match word for word.</summary>
    public UidRuns? Scores { get; init; }

    /// <summary>All that was found, where SAVE or UPDATE asks for it.</summary>
    public UidRuns Found { get; } = new();

    /// <inheritdoc/>
    public ValueTask AddAsync(NumberedMessage message)
    {
        if (options.Has(SearchReturn.Save | SearchReturn.Update))
        {
            Found.Append(message.Uid, isNext: _count > 0 && message.Sequence == _last.Sequence + 1);
        }

        _first = _count == 0 ? message : _first;
        _last = message;
        _count++;
        _highest = message.ModSeq > _highest ? message.ModSeq : _highest;
        if (options.Has(SearchReturn.Partial))
        {
            TurnPage(message);
        }
        else
        {
            AddToSet(message);
            Score(message.Uid);
        }

        return _writer.WantsFlush ? _writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
    }

    /// <summary>Finishes the response, with the highest ModSeq found where the criteria name ModSeqs (RFC 7162 3.1.6).</summary>
    public void End(bool tellsModSeq)
    {
        tellsModSeq &= _count > 0;
        if (_lastPage is not null)
        {
            foreach (var sequence in _lastPage.Take())
            {
                AddToPage(mailbox.Numbers[sequence]);
            }
        }

        if (options.Wanted == SearchReturn.Plain)
        {
            Begin();
            if (tellsModSeq)
            {
                _writer.Raw(" (MODSEQ "u8).Number(_highest.Value).Raw(")"u8);
            }

            _writer.Line();
        }
        else if (options.Wanted != SearchReturn.Save && (_count > 0 || Source is null))
        {
            EndExtended(tellsModSeq);
        }
    }

    /// <summary>
    /// What '$' stands for from now on: all that was found, unless only the page or the extremes were asked for (RFC 5182 2.4, RFC 9394
    /// 3.2).
    /// </summary>
    public UidSet Saved()
    {
        if (options.Has(SearchReturn.All | SearchReturn.Count) || !options.Has(SearchReturn.Min | SearchReturn.Max | SearchReturn.Partial) || _count == 0)
        {
            return Found.ToSet();
        }

        if (options.Has(SearchReturn.Min))
        {
            _page.Add(_first.Uid);
        }

        if (options.Has(SearchReturn.Max))
        {
            _page.Add(_last.Uid);
        }

        return _page.ToSet();
    }

    private void Score(Uid uid)
    {
        if (Scores is not null)
        {
            _areExact.Add(Scores.Contains(uid));
        }
    }

    private uint NumberOf(NumberedMessage message) => areUids ? message.Uid.Value : (uint)message.Sequence;

    private void AddToSet(NumberedMessage message)
    {
        if (options.Wanted == SearchReturn.Plain)
        {
            Begin();
            _writer.Raw(" "u8).Number(NumberOf(message));
        }
        else if (options.Has(SearchReturn.All))
        {
            Extend(NumberOf(message));
        }
    }

    // PARTIAL and ALL exclude each other.
    private void TurnPage(NumberedMessage message)
    {
        if (_lastPage is not null)
        {
            _lastPage.Add(message);
        }
        else if (_count >= options.Page.Low && _count <= options.Page.High)
        {
            AddToPage(message);
        }
    }

    private void AddToPage(NumberedMessage message)
    {
        Extend(NumberOf(message));
        Score(message.Uid);
        _highestOnPage = message.ModSeq > _highestOnPage ? message.ModSeq : _highestOnPage;
        if (options.Has(SearchReturn.Save))
        {
            _page.Add(message.Uid);
        }
    }

    private void Begin()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        if (options.Wanted == SearchReturn.Plain)
        {
            _writer.Raw("* SEARCH"u8);
            return;
        }

        _writer.Raw("* ESEARCH (TAG \""u8).Raw(session.Tag.Span).Raw("\""u8);
        if (Source is not null)
        {
            _writer.Raw(" MAILBOX "u8).Mailbox(Source.Name).Raw(" UIDVALIDITY "u8).Number(Source.UidValidity);
        }

        _writer.Raw(areUids ? ") UID"u8 : ")"u8);
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
        BeginSet();
        _writer.Number(_runFirst);
        if (_runLast != _runFirst)
        {
            _writer.Raw(":"u8).Number(_runLast);
        }
    }

    private void BeginSet()
    {
        if (_hasSet)
        {
            _writer.Raw(","u8);
            return;
        }

        _hasSet = true;
        if (options.Has(SearchReturn.All))
        {
            _writer.Raw(" ALL "u8);
            return;
        }

        var sign = options.Page.IsFromEnd ? "-"u8 : ""u8;
        _writer.Raw(" PARTIAL ("u8).Raw(sign).Number(options.Page.First).Raw(":"u8).Raw(sign).Number(options.Page.Last).Raw(" "u8);
    }

    private void EndExtended(bool tellsModSeq)
    {
        WriteRun();
        Begin();
        if (options.Has(SearchReturn.Partial))
        {
            if (!_hasSet)
            {
                BeginSet();
                _writer.Nil();
            }

            _writer.Raw(")"u8);
        }

        if (_count > 0 && options.Has(SearchReturn.Min))
        {
            _writer.Raw(" MIN "u8).Number(NumberOf(_first));
        }

        if (_count > 0 && options.Has(SearchReturn.Max))
        {
            _writer.Raw(" MAX "u8).Number(NumberOf(_last));
        }

        if (options.Has(SearchReturn.Count))
        {
            _writer.Raw(" COUNT "u8).Number(_count);
        }

        if (Scores is not null)
        {
            WriteScores();
        }

        var returned = ModSeqOfReturned();
        if (tellsModSeq && returned.Value > 0)
        {
            _writer.Raw(" MODSEQ "u8).Number(returned.Value);
        }

        _writer.Line();
    }

    // RFC 6203 4: one for each message returned, in their order.
    private void WriteScores()
    {
        _writer.Raw(" RELEVANCY ("u8);
        for (var i = 0; i < _areExact.Count; i++)
        {
            _writer.Raw(i > 0 ? " "u8 : ""u8).Number(_areExact[i] ? FuzzyKeys.ExactScore : FuzzyKeys.NearScore);
        }

        _writer.Raw(")"u8);
    }

    // RFC 4731 3.2.
    private ModSeq ModSeqOfReturned()
    {
        if (options.Has(SearchReturn.All | SearchReturn.Count) || !options.Has(SearchReturn.Min | SearchReturn.Max | SearchReturn.Partial))
        {
            return _highest;
        }

        var highest = _highestOnPage;
        highest = options.Has(SearchReturn.Min) && _first.ModSeq > highest ? _first.ModSeq : highest;
        return options.Has(SearchReturn.Max) && _last.ModSeq > highest ? _last.ModSeq : highest;
    }
}
