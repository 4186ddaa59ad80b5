namespace MailCore.Imap.Sorting;

/// <summary>What messages are sorted by (RFC 5256 3, RFC 5957 3).</summary>
internal enum SortKey
{
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    DisplayFrom,
    DisplayTo,
}

/// <summary>One of the keys to sort by; the first counts most.</summary>
/// <param name="Key">What is compared.</param>
/// <param name="IsReverse">Higher comes first. Messages that are equal stay in the order of their numbers all the same.</param>
internal readonly record struct SortCriterion(SortKey Key, bool IsReverse);
