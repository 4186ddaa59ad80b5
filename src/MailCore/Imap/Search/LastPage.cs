using MailCore.Imap.View;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Search;

/// <summary>The last of what is found, as far as a page counted from the end may reach: as ranges of message numbers, and no more of them than the page has places.</summary>
internal sealed class LastPage(PageRange page)
{
    private readonly Queue<SequenceRange> _runs = new();
    private SequenceRange _run;
    private long _count;

    public void Add(NumberedMessage message)
    {
        if (_run.First != 0 && message.Sequence == _run.Last + 1)
        {
            _run = _run with { Last = message.Sequence };
        }
        else
        {
            if (_run.First != 0)
            {
                _runs.Enqueue(_run);
            }

            _run = new SequenceRange(message.Sequence, message.Sequence);
        }

        _count++;
        // A whole run at a time: what is too much is cut at the end.
        while (_runs.TryPeek(out var oldest) && _count - oldest.Count >= page.High)
        {
            _count -= _runs.Dequeue().Count;
        }
    }

    /// <summary>The page's messages, ascending.</summary>
    public SequenceSet Take()
    {
        List<SequenceRange> runs = [.. _runs];
        if (_run.First != 0)
        {
            runs.Add(_run);
        }

        return SequenceSet.From(runs).Page(page);
    }
}
