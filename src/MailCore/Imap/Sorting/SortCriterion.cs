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
internal readonly record struct SortCriterion(SortKey Key, bool IsReverse)
{
    /// <summary>What must be known of a message; sizes are known always.</summary>
    public KeyKind Kind => Key switch
    {
        SortKey.Arrival => KeyKind.Arrival,
        SortKey.Cc => KeyKind.Cc,
        SortKey.Date => KeyKind.Sent,
        SortKey.From => KeyKind.From,
        SortKey.Subject => KeyKind.Subject,
        SortKey.To => KeyKind.To,
        SortKey.DisplayFrom => KeyKind.DisplayFrom,
        SortKey.DisplayTo => KeyKind.DisplayTo,
        _ => throw new InvalidOperationException("A size is no key that is kept."),
    };
}
