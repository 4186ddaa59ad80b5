using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>A mailbox that the user may know of.</summary>
/// <param name="Mailbox">It.</param>
/// <param name="Info">With the name that the client has for it, and the special use only if it is the user's own.</param>
/// <param name="Rights">Of the user.</param>
internal sealed record VisibleMailbox(Mailbox Mailbox, MailboxInfo Info, MailboxRights Rights);

/// <summary>All that LIST tells from.</summary>
/// <param name="Mailboxes">Of the own account and perhaps of others.</param>
/// <param name="Subscriptions">The user's own, to mailboxes of others too.</param>
internal sealed record VisibleMailboxes(IReadOnlyList<VisibleMailbox> Mailboxes, IReadOnlyList<string> Subscriptions);

/// <summary>A place where a mailbox may be made, or why it may not.</summary>
/// <param name="Account">Null when refused.</param>
/// <param name="Name">The mailbox's name there.</param>
/// <param name="Acl">The list that it inherits.</param>
/// <param name="Refusal">The answer when refused.</param>
internal readonly record struct MailboxVacancy(MailAccount? Account, MailboxName Name, IReadOnlyList<AclEntry> Acl, ImapReply Refusal);
