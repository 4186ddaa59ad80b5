namespace MailCore.Imap.Threads;

/// <summary>How messages are put in threads.</summary>
internal enum ThreadAlgorithm
{
    /// <summary>RFC 5256 3.</summary>
    OrderedSubject,

    /// <summary>RFC 5256 3.</summary>
    References,

    /// <summary>draft-ietf-morg-inthread.</summary>
    Refs,
}
