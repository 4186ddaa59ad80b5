using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>Everything behind SEARCH and its space.</summary>
    public SearchRequest SearchRequest()
    {
        var options = TryWord("RETURN"u8) ? SearchReturnOptions() : Wire.SearchReturnOptions.Plain;
        return new SearchRequest(options, SearchCriteria());
    }

    /// <summary>What stands in parentheses behind RETURN and its space, and the space behind it.</summary>
    public SearchReturnOptions SearchReturnOptions()
    {
        var list = _position;
        OpenList();
        var options = Wire.SearchReturnOptions.All;
        if (!TryCloseList())
        {
            options = default;
            do
            {
                options = SearchReturnOption(options);
            }
            while (!Failed && NextElement());

            if (options.Has(SearchReturn.Partial) && options.Has(SearchReturn.All))
            {
                Fail("either PARTIAL or ALL", list);
            }
        }

        Space();
        return options;
    }

    /// <summary>The range behind PARTIAL and its space (RFC 9394 4).</summary>
    public PageRange PageRange()
    {
        var isFromEnd = TryByte((byte)'-');
        var first = NonZeroNumber();
        Expect((byte)':', "':' expected");
        if (isFromEnd)
        {
            Expect((byte)'-', "'-' expected");
        }

        return new PageRange(first, NonZeroNumber(), isFromEnd);
    }

    private SearchReturnOptions SearchReturnOption(SearchReturnOptions before)
    {
        var start = _position;
        var word = Word();
        if (Is(word, "PARTIAL"u8))
        {
            if (before.Has(SearchReturn.Partial))
            {
                Fail("one PARTIAL only", start);
            }

            Space();
            return before with { Wanted = before.Wanted | SearchReturn.Partial, Page = PageRange() };
        }

        if (Is(word, "UPDATE"u8) && Rest is [(byte)' ', (byte)'(', ..])
        {
            // RFC 5465 7.
            Space();
            return before with { Wanted = before.Wanted | SearchReturn.Update, Fetch = UnreadItems() };
        }

        SearchReturn? option =
            Is(word, "MIN"u8) ? SearchReturn.Min
            : Is(word, "MAX"u8) ? SearchReturn.Max
            : Is(word, "ALL"u8) ? SearchReturn.All
            : Is(word, "COUNT"u8) ? SearchReturn.Count
            : Is(word, "SAVE"u8) ? SearchReturn.Save
            : Is(word, "UPDATE"u8) ? SearchReturn.Update
            : Is(word, "CONTEXT"u8) ? SearchReturn.Context
            : Is(word, "RELEVANCY"u8) ? SearchReturn.Relevancy
            : null;
        if (option is null)
        {
            Fail("there is no such return option", start);
        }

        return before with { Wanted = before.Wanted | option ?? SearchReturn.Plain };
    }

    // Steps over a word and the space behind it, if the word stands here.
    private bool TryWord(ReadOnlySpan<byte> name)
    {
        var rest = Rest;
        if (rest.Length <= name.Length || !Is(rest[..name.Length], name) || rest[name.Length] != ' ')
        {
            return false;
        }

        _position += name.Length + 1;
        return true;
    }

    /// <summary>Search keys, perhaps with a CHARSET before them.</summary>
    public SearchKey SearchCriteria()
    {
        var start = _position;
        if (TryWord("CHARSET"u8))
        {
            if ((Features & ImapFeatures.Utf8) != 0)
            {
                // RFC 6855 3.
                Fail("there is no CHARSET once UTF8=ACCEPT is on", start);
            }

            SearchCharset();
            Space();
        }

        return SearchKeys();
    }

    /// <summary>The name of a charset; one that is not known is refused (RFC 5256 3 and RFC 9051 6.4.4).</summary>
    public void SearchCharset()
    {
        var charset = Astring();
        if (!Failed && !Is(charset, "UTF-8"u8) && !Is(charset, "US-ASCII"u8))
        {
            Refuse(ImapReply.No("This charset is not known", "BADCHARSET (US-ASCII UTF-8)"));
        }
    }

    /// <summary>One key or several joined, and no CHARSET.</summary>
    public SearchKey SearchKeys()
    {
        var keys = new List<SearchKey>();
        do
        {
            keys.Add(SearchKey());
        }
        while (!Failed && TrySpace());

        return keys.Count == 1 ? keys[0] : new SearchKey.And(keys);
    }

    private SearchKey SearchKey() => Next switch
    {
        (byte)'(' => SearchList(),
        (byte)'*' or (byte)'$' or (>= (byte)'0' and <= (byte)'9') => new SearchKey.Sequence(MessageNumbers()),
        _ => NamedKey(),
    };

    private NumberSet MessageNumbers()
    {
        if (Next != '$')
        {
            RequireUids();
        }

        return NumberSet();
    }

    private SearchKey.And SearchList()
    {
        OpenList();
        var keys = new List<SearchKey>();
        do
        {
            keys.Add(SearchKey());
        }
        while (!Failed && NextElement());

        return new SearchKey.And(keys);
    }

    private SearchKey NamedKey()
    {
        var start = _position;
        var word = Failed ? default : Word();
        var key = FlagKey(word) ?? FieldKey(word) ?? ValueKey(word) ?? IdKey(word) ?? DayKey(word);
        if (key is null && !Failed)
        {
            Fail("there is no such search key", start);
        }

        return key ?? new SearchKey.And([]);
    }

    private static SearchKey? FlagKey(ReadOnlySpan<byte> word)
    {
        if (Is(word, "ALL"u8))
        {
            return new SearchKey.And([]);
        }

        if (Is(word, "NEW"u8))
        {
            return new SearchKey.And([new SearchKey.Recent(), new SearchKey.Not(new SearchKey.Flag(SystemFlags.Seen))]);
        }

        if (Is(word, "RECENT"u8))
        {
            return new SearchKey.Recent();
        }

        if (Is(word, "OLD"u8))
        {
            return new SearchKey.Not(new SearchKey.Recent());
        }

        var without = word.Length > 2 && Is(word[..2], "UN"u8);
        foreach (var (flag, name) in FlagNames.System)
        {
            if (Is(without ? word[2..] : word, name))
            {
                return without ? new SearchKey.Not(new SearchKey.Flag(flag)) : new SearchKey.Flag(flag);
            }
        }

        return null;
    }

    private SearchKey? FieldKey(ReadOnlySpan<byte> word)
    {
        if (Is(word, "HEADER"u8))
        {
            Space();
            var field = Astring().ToArray();
            return new SearchKey.Header(field, SearchText());
        }

        if (Is(word, "FROM"u8) || Is(word, "TO"u8) || Is(word, "CC"u8) || Is(word, "BCC"u8) || Is(word, "SUBJECT"u8))
        {
            return new SearchKey.Header(word.ToArray(), SearchText());
        }

        if (Is(word, "BODY"u8))
        {
            return new SearchKey.Body(SearchText());
        }

        return Is(word, "TEXT"u8) ? new SearchKey.Text(SearchText()) : null;
    }

    private SearchKey? ValueKey(ReadOnlySpan<byte> word)
    {
        if (Is(word, "NOT"u8))
        {
            return new SearchKey.Not(Operand());
        }

        if (Is(word, "FUZZY"u8))
        {
            return new SearchKey.Fuzzy(Operand());
        }

        if (Is(word, "OR"u8))
        {
            return new SearchKey.Or(Operand(), Operand());
        }

        if (Is(word, "OLDER"u8) || Is(word, "YOUNGER"u8))
        {
            Space();
            return new SearchKey.Within(NonZeroNumber(), IsYounger: word.Length == 7);
        }

        if (Is(word, "FILTER"u8))
        {
            return new SearchKey.Filter(FilterName());
        }

        if (Is(word, "UID"u8))
        {
            Space();
            return new SearchKey.Uids(NumberSet());
        }

        // RFC 9738 3.2.
        if (Is(word, "UIDAFTER"u8) || Is(word, "UIDBEFORE"u8))
        {
            Space();
            var uid = NonZeroNumber();
            return new SearchKey.Uids(new NumberSet(
                word.Length == 9 ? (uid > 1 ? [new NumberRange(1, uid - 1)] : [])
                : uid < uint.MaxValue ? [new NumberRange(uid + 1, uint.MaxValue)] : []));
        }

        if (Is(word, "MODSEQ"u8))
        {
            Space();
            return new SearchKey.ModSeq(SearchModSeq());
        }

        if (Is(word, "KEYWORD"u8) || Is(word, "UNKEYWORD"u8))
        {
            Space();
            SearchKey keyword = new SearchKey.Keyword(Encoding.ASCII.GetString(Atom()));
            return word.Length == 7 ? keyword : new SearchKey.Not(keyword);
        }

        if (Is(word, "LARGER"u8) || Is(word, "SMALLER"u8))
        {
            Space();
            return word.Length == 6 ? new SearchKey.Larger(Number()) : new SearchKey.Smaller(Number());
        }

        return null;
    }

    // RFC 8474 4.3. No message has a thread.
    private SearchKey? IdKey(ReadOnlySpan<byte> word)
    {
        if (!Is(word, "EMAILID"u8) && !Is(word, "THREADID"u8))
        {
            return null;
        }

        Space();
        var id = Encoding.ASCII.GetString(Atom());
        return word.Length == 7 ? new SearchKey.EmailId(id) : new SearchKey.Not(new SearchKey.And([]));
    }

    private SearchKey? DayKey(ReadOnlySpan<byte> word)
    {
        if (Is(word, "SAVEDATESUPPORTED"u8))
        {
            return new SearchKey.And([]);
        }

        var sent = word.Length > 4 && Is(word[..4], "SENT"u8);
        var saved = word.Length > 5 && Is(word[..5], "SAVED"u8);
        var name = sent ? word[4..] : saved ? word[5..] : word;
        DayRelation? relation = Is(name, "BEFORE"u8) ? DayRelation.Before : Is(name, "ON"u8) ? DayRelation.On : Is(name, "SINCE"u8) ? DayRelation.Since : null;
        if (relation is not { } known)
        {
            return null;
        }

        Space();
        var day = Date();
        return sent ? new SearchKey.SentDate(known, day) : saved ? new SearchKey.SaveDate(known, day) : new SearchKey.InternalDate(known, day);
    }

    // RFC 7162 3.1.5: perhaps with the name of a flag, "/flags/\\Seen", and whose it is.
    private ModSeq SearchModSeq()
    {
        if (Next is not ((byte)'"' or (byte)'{'))
        {
            return ModSeq();
        }

        var start = _position;
        if (!String().StartsWith("/flags/"u8))
        {
            Fail("the name of a flag expected", start);
        }

        Space();
        start = _position;
        var kind = Word();
        if (!Is(kind, "all"u8) && !Is(kind, "priv"u8) && !Is(kind, "shared"u8))
        {
            Fail("all, priv or shared expected", start);
        }

        Space();
        return ModSeq();
    }

    // NOT and OR nest as parentheses do.
    private SearchKey Operand()
    {
        Space();
        Descend();
        var key = Failed ? new SearchKey.And([]) : SearchKey();
        Ascend();
        return key;
    }

    // RFC 5466 4.
    private string FilterName()
    {
        Space();
        var start = _position;
        var name = Atom();
        if (name.Contains((byte)'/'))
        {
            Fail("the name of a filter expected", start);
        }

        return Encoding.ASCII.GetString(name);
    }

    private string SearchText()
    {
        Space();
        return Text();
    }
}
