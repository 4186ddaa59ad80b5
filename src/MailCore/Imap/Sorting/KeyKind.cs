using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>
/// What is kept of messages to sort and to thread them, in octets. Where they say so, keys begin with something that is not compared.
/// </summary>
internal enum KeyKind
{
    /// <summary>The internal date in UTC: ticks, as 8 octets.</summary>
    Arrival,

    /// <summary>The time of sending in UTC: ticks, as 8 octets.</summary>
    Sent,

    /// <summary>1 for a reply or a forwarded message and 0 for another; then the base subject, as <see cref="TextKey"/> writes it.</summary>
    Subject,

    /// <summary>0 and a text; so are those that follow.</summary>
    From,

    To,

    Cc,

    DisplayFrom,

    DisplayTo,

    /// <summary>
    /// Numbers of message identifiers, 4 octets each: the message's own, or -1, then those it refers to, its parent last.
    /// </summary>
    References,
}

/// <summary>What keys are made of.</summary>
internal static class KeyKinds
{
    /// <summary>How many there are.</summary>
    public const int Count = (int)KeyKind.References + 1;

    /// <summary>What must be known of a message. The time of sending may need the internal date, too.</summary>
    public static MessageFields FieldsOf(KeyKind kind) => kind == KeyKind.Arrival ? MessageFields.Dates : MessageFields.Summary;

    /// <summary>Whether the key is a number, and no text.</summary>
    public static bool IsNumber(KeyKind kind) => kind is KeyKind.Arrival or KeyKind.Sent;
}
