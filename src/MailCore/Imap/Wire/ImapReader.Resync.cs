using MailCore.Imap.View;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>Parameters of SELECT and EXAMINE (RFC 7162).</summary>
/// <param name="CondStore">ModSeqs are to be told.</param>
/// <param name="Resync">What the client knew; null without QRESYNC.</param>
internal readonly record struct SelectParameters(bool CondStore, ResyncRequest? Resync);

/// <summary>Modifiers of FETCH (RFC 7162, RFC 9394).</summary>
/// <param name="ChangedSince">Only messages changed after this one; null for all.</param>
/// <param name="Vanished">Those that left, too.</param>
/// <param name="Page">Only these of the messages named; null for all.</param>
internal readonly record struct FetchModifiers(ModSeq? ChangedSince, bool Vanished, PageRange? Page);

internal ref partial struct ImapReader
{
    /// <summary>A 63-bit number (RFC 7162 7). 0 passes everywhere: clients use it where it makes no sense.</summary>
    public ModSeq ModSeq()
    {
        var start = _position;
        ulong value = 0;
        while (Next is >= (byte)'0' and <= (byte)'9')
        {
            value = (value * 10) + Next - '0';
            if (value > long.MaxValue)
            {
                Fail("the number is too large", start);
                return default;
            }

            _position++;
        }

        if (_position == start)
        {
            Fail("a number expected");
        }

        return new ModSeq((long)value);
    }

    /// <summary>What stands behind the name in SELECT and EXAMINE, if anything.</summary>
    public SelectParameters SelectParameters()
    {
        if (!TrySpace())
        {
            return default;
        }

        OpenList();
        var condStore = false;
        ResyncRequest? resync = null;
        do
        {
            var start = _position;
            var word = Word();
            if (Is(word, "CONDSTORE"u8))
            {
                condStore = true;
            }
            else if (Is(word, "QRESYNC"u8))
            {
                Space();
                resync = ResyncRequest();
            }
            else
            {
                Fail("there is no such parameter", start);
            }
        }
        while (!Failed && NextElement());

        return new SelectParameters(condStore, resync);
    }

    /// <summary>What stands behind the items of FETCH, if anything.</summary>
    public FetchModifiers FetchModifiers()
    {
        if (!TrySpace())
        {
            return default;
        }

        var list = _position;
        OpenList();
        ModSeq? since = null;
        var vanished = false;
        PageRange? page = null;
        do
        {
            var start = _position;
            var word = Word();
            if (Is(word, "PARTIAL"u8) && page is null)
            {
                Space();
                page = PageRange();
            }
            else if (Is(word, "CHANGEDSINCE"u8))
            {
                Space();
                since = ModSeq();
            }
            else if (Is(word, "VANISHED"u8))
            {
                vanished = true;
            }
            else
            {
                Fail("there is no such modifier", start);
            }
        }
        while (!Failed && NextElement());

        if (vanished && since is null)
        {
            Fail("VANISHED needs CHANGEDSINCE", list);
        }

        return new FetchModifiers(since, vanished, page);
    }

    /// <summary>What stands before the flags of STORE, if anything.</summary>
    public ModSeq? UnchangedSince()
    {
        if (!TryOpenList())
        {
            return null;
        }

        var start = _position;
        if (!Is(Word(), "UNCHANGEDSINCE"u8))
        {
            Fail("there is no such modifier", start);
        }

        Space();
        var since = ModSeq();
        Expect((byte)')', "')' expected");
        Ascend();
        Space();
        return since;
    }

    private ResyncRequest ResyncRequest()
    {
        OpenList();
        var uidValidity = NonZeroNumber();
        Space();
        var since = ModSeq();
        var known = UidSet.All;
        var matches = SequenceMatches.None;
        var more = !Failed && NextElement();
        if (more && Next != '(')
        {
            known = KnownNumbers();
            more = !Failed && NextElement();
        }

        if (more)
        {
            RequireUids();
            matches = KnownPairs();
            Expect((byte)')', "')' expected");
            Ascend();
        }

        return new ResyncRequest(uidValidity, since, known, matches);
    }

    private SequenceMatches KnownPairs()
    {
        var start = _position;
        OpenList();
        var sequences = KnownNumbers();
        Space();
        var uids = KnownNumbers();
        Expect((byte)')', "')' expected");
        Ascend();
        if (!Failed && sequences.Count != uids.Count)
        {
            Fail("as many message numbers as UIDs expected", start);
        }

        return new SequenceMatches(sequences, uids);
    }

    // RFC 7162 7: '*' is not allowed.
    private UidSet KnownNumbers()
    {
        var start = _position;
        var numbers = NumberSet();
        if (numbers.IsSaved)
        {
            Fail("'$' is not allowed here", start);
        }

        foreach (var range in numbers.Ranges)
        {
            if (range.HasStar)
            {
                Fail("'*' is not allowed here", start);
            }
        }

        return Failed ? UidSet.Empty : numbers.ResolveUids(null);
    }
}
