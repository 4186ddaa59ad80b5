using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>Everything behind SEARCH and its space.</summary>
    public SearchRequest SearchRequest()
    {
        var start = _position;
        var wanted = SearchReturn.Plain;
        if (!Failed && Next is (byte)'r' or (byte)'R' && Is(Atom(), "RETURN"u8))
        {
            Space();
            wanted = SearchReturnOptions();
            Space();
        }
        else if (!Failed)
        {
            _position = start;
        }

        return new SearchRequest(wanted, SearchCriteria());
    }

    /// <summary>What stands in parentheses behind RETURN and its space.</summary>
    public SearchReturn SearchReturnOptions()
    {
        OpenList();
        if (TryCloseList())
        {
            // RFC 4731 3.1.
            return SearchReturn.All;
        }

        var wanted = SearchReturn.Plain;
        do
        {
            var start = _position;
            var word = Word();
            SearchReturn? option =
                Is(word, "MIN"u8) ? SearchReturn.Min
                : Is(word, "MAX"u8) ? SearchReturn.Max
                : Is(word, "ALL"u8) ? SearchReturn.All
                : Is(word, "COUNT"u8) ? SearchReturn.Count
                : Is(word, "SAVE"u8) ? SearchReturn.Save
                : null;
            if (option is null)
            {
                Fail("there is no such return option", start);
            }

            wanted |= option ?? SearchReturn.Plain;
        }
        while (!Failed && NextElement());

        return wanted;
    }

    /// <summary>Search keys, perhaps with a CHARSET before them.</summary>
    public SearchKey SearchCriteria()
    {
        var start = _position;
        if (!Failed && Next is (byte)'c' or (byte)'C' && Is(Atom(), "CHARSET"u8))
        {
            if ((Features & ImapFeatures.Utf8) != 0)
            {
                // RFC 6855 3.
                Fail("there is no CHARSET once UTF8=ACCEPT is on", start);
            }

            Space();
            SearchCharset();
            Space();
        }
        else if (!Failed)
        {
            _position = start;
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
        (byte)'*' or (byte)'$' or (>= (byte)'0' and <= (byte)'9') => new SearchKey.Sequence(NumberSet()),
        _ => NamedKey(),
    };

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

        if (Is(word, "OR"u8))
        {
            return new SearchKey.Or(Operand(), Operand());
        }

        if (Is(word, "UID"u8))
        {
            Space();
            return new SearchKey.Uids(NumberSet());
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

    private string SearchText()
    {
        Space();
        return Text();
    }
}
