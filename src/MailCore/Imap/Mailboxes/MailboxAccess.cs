using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>A mailbox that a command may use, or why it may not.</summary>
/// <param name="Mailbox">Null when refused.</param>
/// <param name="Rights">Of the user.</param>
/// <param name="Refusal">The answer when refused.</param>
internal readonly record struct MailboxAccess(Mailbox? Mailbox, MailboxRights Rights, ImapReply Refusal)
{
    /// <summary>The system flags that these rights let a user alter; keywords go with <see cref="MailboxOperation.StoreFlags"/>.</summary>
    public static SystemFlags Alterable(MailboxRights rights) =>
        (MailboxPermissions.Allows(rights, MailboxOperation.StoreSeen) ? SystemFlags.Seen : SystemFlags.None)
        | (MailboxPermissions.Allows(rights, MailboxOperation.StoreDeleted) ? SystemFlags.Deleted : SystemFlags.None)
        | (MailboxPermissions.Allows(rights, MailboxOperation.StoreFlags) ? SystemFlags.Answered | SystemFlags.Flagged | SystemFlags.Draft : SystemFlags.None);

    /// <summary>The flags that an append or a copy into the mailbox takes along (RFC 4314 4).</summary>
    public FlagsKept FlagsKept => FlagsAllowed(Rights);

    /// <summary>The flags that these rights let a user alter.</summary>
    public static FlagsKept FlagsAllowed(MailboxRights rights) => new(Alterable(rights), MailboxPermissions.Allows(rights, MailboxOperation.StoreFlags));

    /// <summary>The answer to an operation that rights do not allow; null when they do.</summary>
    public static ImapReply? Check(MailboxRights rights, MailboxOperation operation, string missing) => MailboxPermissions.Decide(rights, operation) switch
    {
        MailboxVerdict.Missing => ImapReply.Rejected(CommitError.NoMailbox, missing),
        MailboxVerdict.Forbidden => ImapReply.Rejected(CommitError.NoPermission),
        _ => null,
    };
}
