using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>A mailbox that a command may use, or why it may not.</summary>
/// <param name="Mailbox">Null when refused.</param>
/// <param name="Rights">Of the user.</param>
/// <param name="Refusal">The answer when refused.</param>
internal readonly record struct MailboxAccess(Mailbox? Mailbox, MailboxRights Rights, ImapReply Refusal)
{
    /// <summary>The system flags that these rights let a user alter; keywords go with <see cref="MailboxRights.Write"/>.</summary>
    public static SystemFlags Alterable(MailboxRights rights) =>
        (rights.HasFlag(MailboxRights.Seen) ? SystemFlags.Seen : SystemFlags.None)
        | (rights.HasFlag(MailboxRights.DeleteMessages) ? SystemFlags.Deleted : SystemFlags.None)
        | (rights.HasFlag(MailboxRights.Write) ? SystemFlags.Answered | SystemFlags.Flagged | SystemFlags.Draft : SystemFlags.None);

    /// <summary>Of a mailbox that is there: none without the right to see it, and NOPERM without all that is needed.</summary>
    public static ImapReply? Check(MailboxRights rights, MailboxRights needed, string missing) =>
        !rights.HasFlag(MailboxRights.Lookup) ? ImapReply.Rejected(CommitError.NoMailbox, missing)
        : !rights.HasFlag(needed) ? ImapReply.Rejected(CommitError.NoPermission)
        : null;
}
