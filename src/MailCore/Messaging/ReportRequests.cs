namespace MailCore.Messaging;

/// <summary>How much of a message goes into a report of its failure (RFC 3461 4.3).</summary>
public enum ReportContent
{
    /// <summary>Left to the reporter.</summary>
    Unspecified,

    /// <summary>FULL: the whole message.</summary>
    Full,

    /// <summary>HDRS: its header.</summary>
    Headers,
}

/// <summary>What a sender wants to be told of one recipient (RFC 3461 4.1).</summary>
[Flags]
public enum ReportEvents
{
    /// <summary>No NOTIFY was given: failures, and perhaps delays.</summary>
    Unspecified = 0,

    /// <summary>NEVER: nothing at all; stands alone.</summary>
    Never = 1,

    /// <summary>SUCCESS</summary>
    Success = 2,

    /// <summary>FAILURE</summary>
    Failure = 4,

    /// <summary>DELAY</summary>
    Delay = 8,
}

/// <summary>Whom the sender first wrote to, kept over every rewriting.</summary>
/// <param name="AddressType">Such as "rfc822" or "utf-8" (RFC 6533), as given.</param>
/// <param name="Address">Decoded; free of control characters, but no more than that is checked.</param>
public sealed record OriginalRecipient(string AddressType, string Address);

/// <summary>By when a message shall be delivered (RFC 2852).</summary>
/// <param name="Deadline">From when the message was accepted on; with <see cref="DeadlineAction.Notify"/> it may have passed already.</param>
/// <param name="Action">What happens then.</param>
/// <param name="IsTraced">The sender wants to be told when the message goes to a server that does not know the extension.</param>
public readonly record struct DeliverBy(DateTimeOffset Deadline, DeadlineAction Action, bool IsTraced);

/// <summary>What happens to a message that is not delivered in time.</summary>
public enum DeadlineAction
{
    /// <summary>N: the sender is told, and delivery goes on.</summary>
    Notify,

    /// <summary>R: it is returned.</summary>
    Return,
}
