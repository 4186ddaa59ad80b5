namespace MailCore.Imap.Notify;

/// <summary>Events of RFC 5465 5.</summary>
[Flags]
internal enum NotifyEvents
{
    None = 0,
    MessageNew = 1,
    MessageExpunge = 2,
    FlagChange = 4,
    MailboxName = 8,
    SubscriptionChange = 16,
    MailboxMetadataChange = 32,
    ServerMetadataChange = 64,

    /// <summary>One that is not known here.</summary>
    Unknown = 128,

    OfMessages = MessageNew | MessageExpunge | FlagChange,
    OfMetadata = MailboxMetadataChange | ServerMetadataChange,
}
