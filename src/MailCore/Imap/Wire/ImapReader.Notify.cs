using MailCore.Imap.Notify;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>Everything behind NOTIFY and its space (RFC 5465 8).</summary>
    public NotifyRequest NotifyRequest()
    {
        var start = _position;
        var word = Word();
        var groups = new List<NotifyGroup>();
        if (Is(word, "NONE"u8))
        {
            return new NotifyRequest(TellsStatus: false, groups);
        }

        if (!Is(word, "SET"u8))
        {
            Fail("SET or NONE expected", start);
        }

        Space();
        var tellsStatus = !Failed && Next != '(';
        if (tellsStatus)
        {
            start = _position;
            if (!Is(Word(), "STATUS"u8))
            {
                Fail("STATUS or a group of events expected", start);
            }

            Space();
        }

        do
        {
            start = _position;
            groups.Add(NotifyGroup());
            if (!Failed && groups.Count(static group => group.IsOfSelected) > 1)
            {
                Fail("one group for the selected mailbox expected", start);
            }
        }
        while (!Failed && TrySpace());

        return new NotifyRequest(tellsStatus, groups);
    }

    private NotifyGroup NotifyGroup()
    {
        OpenList();
        var filter = NotifyFilter();
        var names = new List<MailboxName>();
        Space();
        if (filter is Notify.NotifyFilter.Subtree or Notify.NotifyFilter.Mailboxes)
        {
            MailboxNames(names);
            Space();
        }

        var start = _position;
        var events = NotifyEvents.None;
        IReadOnlyList<FetchItem> fetch = [];
        if (TryOpenList())
        {
            do
            {
                events |= NotifyEvent(ref fetch);
            }
            while (!Failed && NextElement());
        }
        else if (!Failed && !Is(Word(), "NONE"u8))
        {
            Fail("NONE or a list of events expected", start);
        }

        var group = new NotifyGroup(filter, names, events, fetch);
        CheckNotify(group, start);
        if (!TryCloseList())
        {
            Fail("')' expected");
        }

        return group;
    }

    private NotifyFilter NotifyFilter()
    {
        var start = _position;
        var word = Word();
        NotifyFilter? filter =
            Is(word, "SELECTED"u8) ? Notify.NotifyFilter.Selected
            : Is(word, "SELECTED-DELAYED"u8) ? Notify.NotifyFilter.SelectedDelayed
            : Is(word, "PERSONAL"u8) || Is(word, "INBOXES"u8) ? Notify.NotifyFilter.Personal
            : Is(word, "SUBSCRIBED"u8) ? Notify.NotifyFilter.Subscribed
            : Is(word, "SUBTREE"u8) ? Notify.NotifyFilter.Subtree
            : Is(word, "MAILBOXES"u8) ? Notify.NotifyFilter.Mailboxes
            : null;
        if (filter is null)
        {
            Fail("there are no such mailboxes to listen for", start);
        }

        return filter ?? default;
    }

    private void MailboxNames(List<MailboxName> names)
    {
        if (!TryOpenList())
        {
            names.Add(Mailbox());
            return;
        }

        do
        {
            names.Add(Mailbox());
        }
        while (!Failed && NextElement());
    }

    private NotifyEvents NotifyEvent(ref IReadOnlyList<FetchItem> fetch)
    {
        var word = Word();
        if (!Is(word, "MessageNew"u8))
        {
            return Is(word, "MessageExpunge"u8) ? NotifyEvents.MessageExpunge
                : Is(word, "FlagChange"u8) ? NotifyEvents.FlagChange
                : Is(word, "MailboxName"u8) ? NotifyEvents.MailboxName
                : Is(word, "SubscriptionChange"u8) ? NotifyEvents.SubscriptionChange
                : Is(word, "MailboxMetadataChange"u8) ? NotifyEvents.MailboxMetadataChange
                : Is(word, "ServerMetadataChange"u8) ? NotifyEvents.ServerMetadataChange
                : NotifyEvents.Unknown;
        }

        if (Rest is [(byte)' ', (byte)'(', ..])
        {
            Space();
            fetch = UnreadItems();
        }

        return NotifyEvents.MessageNew;
    }

    // A list of what to fetch of messages that are told of unasked, which does not mean that they are read.
    private List<FetchItem> UnreadItems() => FetchItems().ConvertAll(static item => item.SetsSeen ? item with { SetsSeen = false } : item);

    // RFC 5465 5, 6.1, 8. What is not known is answered with NO, once all is read.
    private void CheckNotify(NotifyGroup group, int start)
    {
        var events = group.Events;
        var both = events & (NotifyEvents.MessageNew | NotifyEvents.MessageExpunge);
        if (both is NotifyEvents.MessageNew or NotifyEvents.MessageExpunge || (events.HasFlag(NotifyEvents.FlagChange) && both == 0))
        {
            Fail("MessageNew and MessageExpunge expected together", start);
        }
        else if (group.IsOfSelected && (events & ~(NotifyEvents.OfMessages | NotifyEvents.Unknown)) != 0)
        {
            Fail("events of messages expected", start);
        }
        else if (!group.IsOfSelected && group.Fetch.Count > 0)
        {
            Fail("nothing is fetched but of the selected mailbox", start);
        }
    }
}
