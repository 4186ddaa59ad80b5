using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>How a message's day lies to the one named.</summary>
internal enum DayRelation
{
    Before,
    On,

    /// <summary>On the day or later.</summary>
    Since,
}

/// <summary>What SEARCH gives back (RFC 4731, RFC 5182).</summary>
[Flags]
internal enum SearchReturn
{
    /// <summary>A SEARCH response with all numbers: the client did not ask for anything else.</summary>
    Plain = 0,
    Min = 1,
    Max = 2,
    All = 4,
    Count = 8,
    Save = 16,
}

/// <summary>Everything behind SEARCH.</summary>
internal sealed record SearchRequest(SearchReturn Return, SearchKey Key);

/// <summary>One criterion of SEARCH, or several joined (RFC 3501 6.4.4).</summary>
internal abstract record SearchKey
{
    private SearchKey() { }

    /// <summary>All of them; every message when there is none.</summary>
    public sealed record And(IReadOnlyList<SearchKey> Keys) : SearchKey;

    public sealed record Or(SearchKey First, SearchKey Second) : SearchKey;

    public sealed record Not(SearchKey Key) : SearchKey;

    /// <summary>Whether the flag is set.</summary>
    public sealed record Flag(SystemFlags Value) : SearchKey;

    /// <summary>Whether the keyword is set.</summary>
    public sealed record Keyword(string Name) : SearchKey;

    public sealed record Recent : SearchKey;

    public sealed record Sequence(NumberSet Numbers) : SearchKey;

    public sealed record Uids(NumberSet Numbers) : SearchKey;

    /// <summary>Changed by the ModSeq given or a later one (RFC 7162 3.1.5). There is one for the whole message, whatever entry is named.</summary>
    public sealed record ModSeq(Storage.ModSeq From) : SearchKey;

    public sealed record Larger(uint Octets) : SearchKey;

    public sealed record Smaller(uint Octets) : SearchKey;

    /// <summary>The internal date's day, in the zone it was given in.</summary>
    public sealed record InternalDate(DayRelation Relation, DateOnly Day) : SearchKey;

    /// <summary>The day on which it came into this mailbox (RFC 8514).</summary>
    public sealed record SaveDate(DayRelation Relation, DateOnly Day) : SearchKey;

    /// <summary>RFC 8474.</summary>
    public sealed record EmailId(string Value) : SearchKey;

    /// <summary>The day of the Date field, in the zone it names.</summary>
    public sealed record SentDate(DayRelation Relation, DateOnly Day) : SearchKey;

    /// <summary>A header field that holds the text; an empty one asks for the field alone.</summary>
    public sealed record Header(byte[] Field, string Content) : SearchKey;

    public sealed record Body(string Content) : SearchKey;

    /// <summary>Header or body.</summary>
    public sealed record Text(string Content) : SearchKey;
}
