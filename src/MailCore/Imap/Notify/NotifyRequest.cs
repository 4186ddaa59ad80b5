using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>Which mailboxes an event group is of (RFC 5465 6).</summary>
internal enum NotifyFilter
{
    Selected,
    SelectedDelayed,

    /// <summary>Inboxes, too: mail may be delivered to any mailbox (RFC 5465 6.3).</summary>
    Personal,
    Subscribed,
    Subtree,
    Mailboxes,
}

/// <summary>Events of some mailboxes.</summary>
/// <param name="Filter">Which.</param>
/// <param name="Names">Of <see cref="NotifyFilter.Subtree"/> and <see cref="NotifyFilter.Mailboxes"/>.</param>
/// <param name="Events">What of them is told.</param>
/// <param name="Fetch">Of new messages in the selected mailbox; none for their number alone.</param>
internal sealed record NotifyGroup(NotifyFilter Filter, IReadOnlyList<MailboxName> Names, NotifyEvents Events, IReadOnlyList<FetchItem> Fetch)
{
    public bool IsOfSelected => Filter is NotifyFilter.Selected or NotifyFilter.SelectedDelayed;
}

/// <summary>The argument of NOTIFY.</summary>
/// <param name="TellsStatus">Where the mailboxes stand now, too.</param>
/// <param name="Groups">None for NONE.</param>
internal sealed record NotifyRequest(bool TellsStatus, IReadOnlyList<NotifyGroup> Groups)
{
    public NotifyEvents Events => Groups.Aggregate(NotifyEvents.None, static (all, group) => all | group.Events);
}
