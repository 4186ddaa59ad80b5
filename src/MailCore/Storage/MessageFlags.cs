namespace MailCore.Storage;

/// <summary>
/// The flags of RFC 9051 2.3.2 that every store keeps. In a packed flag word (<see cref="ColumnSegment.Flags"/>) they are
/// the lowest eight bits; bit <c>8 + i</c> is the keyword at index <c>i</c> of <see cref="MailboxInfo.Keywords"/>.
/// </summary>
[Flags]
public enum SystemFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>\Seen</summary>
    Seen = 1,

    /// <summary>\Answered</summary>
    Answered = 2,

    /// <summary>\Flagged</summary>
    Flagged = 4,

    /// <summary>\Deleted</summary>
    Deleted = 8,

    /// <summary>\Draft</summary>
    Draft = 16,
}

/// <summary>How <see cref="SetFlags"/> combines the flags it names with those a message has.</summary>
public enum FlagMode
{
    /// <summary>+FLAGS</summary>
    Add,

    /// <summary>-FLAGS</summary>
    Remove,

    /// <summary>FLAGS</summary>
    Replace,
}

/// <summary>Limits that every store and every engine agree on.</summary>
public static class StorageLimits
{
    /// <summary>Keywords one mailbox can ever have: the bits left in a flag word.</summary>
    public const int KeywordsPerMailbox = 56;

    /// <summary>Rows in one <see cref="ColumnSegment"/>, at the most.</summary>
    public const int RowsPerSegment = 4096;

    /// <summary>UIDs in one call of <see cref="IAccountStore.ReadAsync"/>, at the most.</summary>
    public const int UidsPerRead = 256;

    /// <summary>Annotations one mailbox, or the account itself, can have.</summary>
    public const int MetadataEntries = 100;

    /// <summary>Octets of one annotation's value, at the most.</summary>
    public const int MetadataOctets = 64 * 1024;

    /// <summary>Identifiers in the access control list of one mailbox.</summary>
    public const int AclEntries = 100;
}
