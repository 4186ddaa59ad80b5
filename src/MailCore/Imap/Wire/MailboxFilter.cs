using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>Which mailboxes a filter names (RFC 5465 6, RFC 7377 2.2).</summary>
internal enum MailboxFilterKind
{
    Selected,

    /// <summary>Where mail is delivered to.</summary>
    Inboxes,

    /// <summary>All of the user's own.</summary>
    Personal,
    Subscribed,

    /// <summary>The mailboxes named, and all below them.</summary>
    Subtree,

    /// <summary>The mailboxes named, and those one level below them.</summary>
    SubtreeOne,

    /// <summary>The mailboxes named.</summary>
    Mailboxes,
}

/// <summary>Mailboxes as a client names them.</summary>
/// <param name="Kind">How.</param>
/// <param name="Names">Of the last three kinds; names that can't be are left out.</param>
internal sealed record MailboxFilter(MailboxFilterKind Kind, IReadOnlyList<MailboxName> Names);
