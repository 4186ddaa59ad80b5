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

/// <summary>What SEARCH gives back (RFC 4731, RFC 5182, RFC 5267, RFC 9394).</summary>
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

    /// <summary>A page of what is found.</summary>
    Partial = 32,

    /// <summary>What changes afterwards is told.</summary>
    Update = 64,

    /// <summary>The same will be asked again; a hint.</summary>
    Context = 128,

    /// <summary>How well each message matches (RFC 6203).</summary>
    Relevancy = 256,
}

/// <summary>What stands behind RETURN.</summary>
/// <param name="Wanted">The options.</param>
/// <param name="Page">Of <see cref="SearchReturn.Partial"/>.</param>
internal readonly record struct SearchReturnOptions(SearchReturn Wanted, PageRange Page)
{
    private const SearchReturn Counting = SearchReturn.All | SearchReturn.Count | SearchReturn.Update | SearchReturn.Relevancy;

    public static SearchReturnOptions Plain { get; } = new(SearchReturn.Plain, default);

    public static SearchReturnOptions All { get; } = new(SearchReturn.All, default);

    /// <summary>With <see cref="SearchReturn.Update"/>, what is fetched of new messages that match.</summary>
    public IReadOnlyList<FetchItem> Fetch { get => field ?? []; init; }

    public bool Has(SearchReturn option) => (Wanted & option) != 0;

    /// <summary>How many of the first results are all that matters; null when all of them do.</summary>
    public long? Limit =>
        Wanted == SearchReturn.Plain || Has(Counting | SearchReturn.Max) || (Has(SearchReturn.Partial) && Page.IsFromEnd) ? null
        : Has(SearchReturn.Partial) ? Page.High
        : Has(SearchReturn.Min) ? 1
        : null;
}

/// <summary>A page of a list (RFC 9394 4): places counted from 1, from the first on or from the last back.</summary>
/// <param name="First">As the client wrote it.</param>
/// <param name="Last">As the client wrote it; may be lower.</param>
/// <param name="IsFromEnd">The last is 1.</param>
internal readonly record struct PageRange(uint First, uint Last, bool IsFromEnd)
{
    public uint Low => Math.Min(First, Last);

    public uint High => Math.Max(First, Last);
}

/// <summary>Everything behind SEARCH.</summary>
internal sealed record SearchRequest(SearchReturnOptions Return, SearchKey Key);

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

    /// <summary>The internal date's age, in seconds (RFC 5032).</summary>
    public sealed record Within(uint Seconds, bool IsYounger) : SearchKey;

    /// <summary>The search kept under this name (RFC 5466).</summary>
    public sealed record Filter(string Name) : SearchKey;

    /// <summary>Also what matches only nearly (RFC 6203).</summary>
    public sealed record Fuzzy(SearchKey Key) : SearchKey;

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

    /// <summary>The same with some keys replaced; what is replaced is not looked into.</summary>
    public SearchKey Replace(Func<SearchKey, SearchKey?> replace) => replace(this) ?? this switch
    {
        And and => new And([.. and.Keys.Select(key => key.Replace(replace))]),
        Or or => new Or(or.First.Replace(replace), or.Second.Replace(replace)),
        Not not => new Not(not.Key.Replace(replace)),
        Fuzzy fuzzy => new Fuzzy(fuzzy.Key.Replace(replace)),
        _ => this,
    };

    /// <summary>Whether this key or one within it is such.</summary>
    public bool Any(Func<SearchKey, bool> test) => test(this) || this switch
    {
        And and => and.Keys.Any(key => key.Any(test)),
        Or or => or.First.Any(test) || or.Second.Any(test),
        Not not => not.Key.Any(test),
        Fuzzy fuzzy => fuzzy.Key.Any(test),
        _ => false,
    };
}
