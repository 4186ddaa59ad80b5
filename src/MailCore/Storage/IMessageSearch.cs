namespace MailCore.Storage;

/// <summary>
/// An ability that a store may have besides <see cref="IMailStore"/>: it knows from an index which messages may hold a text. What holds
/// one is said by <see cref="MessageText"/>. Engines look into each message named, so a store may name too many, but never too few.
/// </summary>
public interface IMessageSearch
{
    /// <summary>Whether there is an index now; constant for the store's life. Without one every answer is null.</summary>
    bool HasIndex => true;

    /// <summary>
    /// Every message of the mailbox that holds the text, both prepared by <see cref="MessageText.Prepare"/>, and perhaps others; expunged
    /// ones that are still readable are among them. Null when the index can't tell: then all are looked into.
    /// </summary>
    ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken);
}

/// <summary>Where a text is looked for.</summary>
public enum MessageTextScope
{
    /// <summary>RFC 9051 6.4.4, BODY: everywhere but in the message's own header.</summary>
    Body,

    /// <summary>RFC 9051 6.4.4, TEXT: in the header, too, the recipient's own trace headers among it.</summary>
    Message,
}
