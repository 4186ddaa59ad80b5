namespace MailCore.Storage;

/// <summary>How a message enters a mailbox.</summary>
public sealed record AppendOptions
{
    /// <summary>No flags, now.</summary>
    public static AppendOptions Default { get; } = new();

    /// <summary>Initial system flags.</summary>
    public SystemFlags Flags { get; init; }

    /// <summary>Initial keywords; names new to the mailbox are added to it.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>RFC 9051 2.3.3; null for the time of the append.</summary>
    public DateTimeOffset? InternalDate { get; init; }

    /// <summary>Octets to stand before the message for this recipient alone: trace headers.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <inheritdoc cref="AppendMessage.DeliveryKey"/>
    public string? DeliveryKey { get; init; }

    /// <inheritdoc cref="AppendMessage.KeepUid"/>
    public Uid? KeepUid { get; init; }

    /// <inheritdoc cref="AppendMessage.KeepEmailId"/>
    public EmailId? KeepEmailId { get; init; }

    /// <inheritdoc cref="AppendMessage.IgnoreQuota"/>
    public bool IgnoreQuota { get; init; }
}

/// <summary>One of several messages appended together (RFC 3502). The message stays the caller's to dispose.</summary>
public sealed record MessageToAppend(StagedMessage Message, AppendOptions Options);

/// <summary>Flags to add, remove or set.</summary>
public sealed record FlagChange(FlagMode Mode, SystemFlags Flags)
{
    /// <summary>Keywords to go with the system flags.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>Leave alone what changed after this (RFC 7162 3.1.3).</summary>
    public ModSeq? UnchangedSince { get; init; }
}

/// <summary>What an operation came to. Nothing at all was changed unless <see cref="Succeeded"/>.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change; null when nothing needed one.</param>
public record MailboxResult(CommitError Error, ModSeq? ModSeq)
{
    /// <summary>Whether it took effect.</summary>
    public bool Succeeded => Error == CommitError.None;
}

/// <summary>A mailbox made, renamed or found missing.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change, or null.</param>
/// <param name="Mailbox">Null when not <see cref="MailboxResult.Succeeded"/>.</param>
public sealed record MailboxNamedResult(CommitError Error, ModSeq? ModSeq, Mailbox? Mailbox) : MailboxResult(Error, ModSeq);

/// <summary>Messages appended.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change, or null.</param>
/// <param name="FailedAt">Index of the message to blame, or -1.</param>
/// <param name="UidValidity">Of the mailbox, 0 when rejected.</param>
/// <param name="Uids">One per message; a message that a delivery key made superfluous has the UID it got the first time, or 0 when it is gone.</param>
public sealed record AppendResult(CommitError Error, ModSeq? ModSeq, int FailedAt, uint UidValidity, IReadOnlyList<Uid> Uids) : MailboxResult(Error, ModSeq);

/// <summary>Flags altered.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change, or null.</param>
/// <param name="Changed">UIDs whose flags are other than before.</param>
/// <param name="Refused">UIDs left alone because of <see cref="FlagChange.UnchangedSince"/>.</param>
public sealed record SetFlagsResult(CommitError Error, ModSeq? ModSeq, IReadOnlyList<Uid> Changed, IReadOnlyList<Uid> Refused) : MailboxResult(Error, ModSeq);

/// <summary>Messages removed.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change, or null.</param>
/// <param name="Expunged">Their UIDs.</param>
public sealed record ExpungeResult(CommitError Error, ModSeq? ModSeq, IReadOnlyList<Uid> Expunged) : MailboxResult(Error, ModSeq);

/// <summary>Messages copied or moved: what COPYUID says (RFC 4315).</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="ModSeq">Of the change, or null.</param>
/// <param name="UidValidity">Of the destination, 0 when rejected.</param>
/// <param name="SourceUids">Those that existed.</param>
/// <param name="NewUids">In the destination, pairwise with <paramref name="SourceUids"/>.</param>
public sealed record CopyResult(CommitError Error, ModSeq? ModSeq, uint UidValidity, IReadOnlyList<Uid> SourceUids, IReadOnlyList<Uid> NewUids) : MailboxResult(Error, ModSeq);
