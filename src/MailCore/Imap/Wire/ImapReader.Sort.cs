using MailCore.Imap.Sorting;
using MailCore.Imap.Threads;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>Everything behind SORT and its space (RFC 5256 5, RFC 5267 5).</summary>
    public (SearchReturnOptions Options, List<SortCriterion> Criteria, SearchKey Key) SortRequest()
    {
        var options = TryWord("RETURN"u8) ? SearchReturnOptions() : Wire.SearchReturnOptions.Plain;
        var criteria = new List<SortCriterion>();
        OpenList();
        do
        {
            criteria.Add(SortCriterion());
        }
        while (!Failed && NextElement());

        Space();
        SearchCharset();
        Space();
        return (options, criteria, SearchKeys());
    }

    /// <summary>The name of an algorithm for THREAD.</summary>
    public ThreadAlgorithm ThreadAlgorithm()
    {
        var start = _position;
        var name = Atom();
        ThreadAlgorithm? algorithm =
            Is(name, "REFERENCES"u8) ? Threads.ThreadAlgorithm.References
            : Is(name, "REFS"u8) ? Threads.ThreadAlgorithm.Refs
            : Is(name, "ORDEREDSUBJECT"u8) ? Threads.ThreadAlgorithm.OrderedSubject
            : null;
        if (algorithm is null)
        {
            Fail("there is no such algorithm", start);
        }

        return algorithm ?? default;
    }

    private SortCriterion SortCriterion()
    {
        var isReverse = TryWord("REVERSE"u8);
        var start = _position;
        var word = Word();
        SortKey? key =
            Is(word, "DATE"u8) ? SortKey.Date
            : Is(word, "ARRIVAL"u8) ? SortKey.Arrival
            : Is(word, "SUBJECT"u8) ? SortKey.Subject
            : Is(word, "FROM"u8) ? SortKey.From
            : Is(word, "TO"u8) ? SortKey.To
            : Is(word, "CC"u8) ? SortKey.Cc
            : Is(word, "SIZE"u8) ? SortKey.Size
            : Is(word, "DISPLAYFROM"u8) ? SortKey.DisplayFrom
            : Is(word, "DISPLAYTO"u8) ? SortKey.DisplayTo
            : null;
        if (key is null)
        {
            Fail("there is no such sort key", start);
        }

        return new SortCriterion(key ?? default, isReverse);
    }
}
