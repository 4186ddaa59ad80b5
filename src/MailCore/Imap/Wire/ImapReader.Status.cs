namespace MailCore.Imap.Wire;

/// <summary>What STATUS tells of a mailbox.</summary>
internal enum StatusItem
{
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,

    /// <summary>RFC 8438.</summary>
    Size,

    /// <summary>RFC 7889.</summary>
    AppendLimit,

    /// <summary>RFC 8474.</summary>
    MailboxId,

    /// <summary>RFC 7162.</summary>
    HighestModSeq,

    /// <summary>RFC 9051 6.3.11.</summary>
    Deleted,

    /// <summary>RFC 9208 4.1.4.</summary>
    DeletedStorage,
}

internal ref partial struct ImapReader
{
    /// <summary>A list of status items in parentheses, each once.</summary>
    public List<StatusItem> StatusItems()
    {
        OpenList();
        var items = new List<StatusItem>();
        do
        {
            var start = _position;
            if (StatusItemOf(Word()) is not { } item)
            {
                Fail("there is no such status item", start);
            }
            else if (!items.Contains(item))
            {
                items.Add(item);
            }
        }
        while (!Failed && NextElement());

        return items;
    }

    private static StatusItem? StatusItemOf(ReadOnlySpan<byte> word) =>
        Is(word, "MESSAGES"u8) ? StatusItem.Messages
        : Is(word, "RECENT"u8) ? StatusItem.Recent
        : Is(word, "UIDNEXT"u8) ? StatusItem.UidNext
        : Is(word, "UIDVALIDITY"u8) ? StatusItem.UidValidity
        : Is(word, "UNSEEN"u8) ? StatusItem.Unseen
        : Is(word, "SIZE"u8) ? StatusItem.Size
        : Is(word, "APPENDLIMIT"u8) ? StatusItem.AppendLimit
        : Is(word, "MAILBOXID"u8) ? StatusItem.MailboxId
        : Is(word, "HIGHESTMODSEQ"u8) ? StatusItem.HighestModSeq
        : Is(word, "DELETED"u8) ? StatusItem.Deleted
        : Is(word, "DELETED-STORAGE"u8) ? StatusItem.DeletedStorage
        : null;
}
