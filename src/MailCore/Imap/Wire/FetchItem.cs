namespace MailCore.Imap.Wire;

internal enum FetchKind
{
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    Section,

    /// <summary>RFC 7162 3.1.4.2.</summary>
    ModSeq,

    /// <summary>A section without its transfer encoding (RFC 3516).</summary>
    Binary,

    /// <summary>How many octets that is.</summary>
    BinarySize,

    /// <summary>RFC 8474.</summary>
    EmailId,

    /// <summary>RFC 8474; no store here knows threads.</summary>
    ThreadId,

    /// <summary>RFC 8514.</summary>
    SaveDate,

    /// <summary>RFC 8970.</summary>
    Preview,
}

/// <summary>What of a part a section means (RFC 3501 6.4.5).</summary>
internal enum SectionText
{
    /// <summary>Header and body of a message; the body of any other part.</summary>
    All,
    Header,
    HeaderFields,
    HeaderFieldsNot,
    Text,
    Mime,
}

/// <summary>One thing to fetch.</summary>
/// <param name="Kind">What.</param>
internal sealed record FetchItem(FetchKind Kind)
{
    /// <summary>How the response names a section, in ASCII.</summary>
    public byte[] Label { get; init; } = [];

    /// <summary>One-based part numbers; empty for the message.</summary>
    public int[] Part { get; init; } = [];

    public SectionText Text { get; init; }

    /// <summary>Names of header fields.</summary>
    public IReadOnlyList<byte[]> Fields { get; init; } = [];

    /// <summary>Whether fetching it sets \Seen.</summary>
    public bool SetsSeen { get; init; }

    /// <summary>Of a preview: only if it is there already.</summary>
    public bool IsLazy { get; init; }

    public uint PartialStart { get; init; }

    /// <summary>Octets wanted at the most; null for all.</summary>
    public uint? PartialLength { get; init; }
}
