namespace MailCore.Authentication;

/// <summary>Rights on a mailbox, named as RFC 4314 2.1 names them.</summary>
[Flags]
public enum MailboxRights
{
    /// <summary>None: to the user it is not there.</summary>
    None = 0,

    /// <summary>l: LIST tells it, SUBSCRIBE takes it; without it no command finds it.</summary>
    Lookup = 1,

    /// <summary>r: SELECT, EXAMINE, STATUS, COPY from it.</summary>
    Read = 2,

    /// <summary>s: \Seen may be altered.</summary>
    Seen = 4,

    /// <summary>w: flags other than \Seen and \Deleted may be altered.</summary>
    Write = 8,

    /// <summary>i: APPEND, COPY and MOVE into it.</summary>
    Insert = 16,

    /// <summary>k: mailboxes may be made below it, or renamed to names below it.</summary>
    Create = 32,

    /// <summary>x: it may be deleted, or renamed to another name.</summary>
    DeleteMailbox = 64,

    /// <summary>t: \Deleted may be altered; messages may be moved away or replaced.</summary>
    DeleteMessages = 128,

    /// <summary>e: messages that carry \Deleted may be removed.</summary>
    Expunge = 256,

    /// <summary>p: mail sent to an address of the mailbox gets into it.</summary>
    Post = 512,

    /// <summary>a: its access control list may be seen and altered.</summary>
    Administer = 1024,

    /// <summary>Everything.</summary>
    All = Lookup | Read | Seen | Write | Insert | Create | DeleteMailbox | DeleteMessages | Expunge | Post | Administer,
}
