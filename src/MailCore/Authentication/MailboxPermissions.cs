using System.Collections.Frozen;

namespace MailCore.Authentication;

/// <summary>What users and senders do with mailboxes, by any protocol.</summary>
public enum MailboxOperation
{
    /// <summary>IMAP LIST, LSUB, SUBSCRIBE, MYRIGHTS, NOTIFY of its name.</summary>
    Lookup,

    /// <summary>IMAP SELECT, EXAMINE, STATUS, FETCH, SEARCH, COPY from it; what is told unasked, by NOTIFY too; the POP3 mail drop.</summary>
    Read,

    /// <summary>IMAP STORE of \Seen; \Seen set by reading.</summary>
    StoreSeen,

    /// <summary>IMAP STORE of \Deleted.</summary>
    StoreDeleted,

    /// <summary>IMAP STORE of the other flags and of keywords.</summary>
    StoreFlags,

    /// <summary>IMAP STORE that replaces all flags.</summary>
    ReplaceFlags,

    /// <summary>IMAP EXPUNGE, CLOSE.</summary>
    Expunge,

    /// <summary>IMAP APPEND, COPY and MOVE into it.</summary>
    Insert,

    /// <summary>IMAP MOVE and REPLACE away from it; POP3 DELE.</summary>
    Remove,

    /// <summary>IMAP CREATE and RENAME to a name below it.</summary>
    Create,

    /// <summary>IMAP DELETE, RENAME of it.</summary>
    DeleteMailbox,

    /// <summary>IMAP SETACL, DELETEACL, GETACL, LISTRIGHTS.</summary>
    Administer,

    /// <summary>Delivery by SMTP and LMTP to an address of it.</summary>
    Post,

    /// <summary>IMAP GETQUOTAROOT (RFC 9208 4.1.2).</summary>
    ReadQuota,

    /// <summary>IMAP GETMETADATA of it (RFC 5464 3).</summary>
    ReadMetadata,

    /// <summary>IMAP SETMETADATA of shared entries of it.</summary>
    WriteMetadata,
}

/// <summary>The answer to whether an operation is allowed.</summary>
public enum MailboxVerdict
{
    /// <summary>It is.</summary>
    Allowed,

    /// <summary>To this user the mailbox is not there: to be answered as if it were so.</summary>
    Missing,

    /// <summary>It is there, and this is not allowed.</summary>
    Forbidden,
}

/// <summary>
/// The one place that says which rights each operation needs, for IMAP, POP3 and delivery alike (RFC 4314 4). docs/sharing.md has the table.
/// </summary>
public static class MailboxPermissions
{
    private const MailboxRights Some =
        MailboxRights.Read | MailboxRights.Seen | MailboxRights.Write | MailboxRights.Insert | MailboxRights.Post;

    private static readonly FrozenDictionary<MailboxOperation, MailboxRights> Needed = new Dictionary<MailboxOperation, MailboxRights>
    {
        [MailboxOperation.Lookup] = MailboxRights.Lookup,
        [MailboxOperation.Read] = MailboxRights.Lookup | MailboxRights.Read,
        [MailboxOperation.StoreSeen] = MailboxRights.Lookup | MailboxRights.Seen,
        [MailboxOperation.StoreDeleted] = MailboxRights.Lookup | MailboxRights.DeleteMessages,
        [MailboxOperation.StoreFlags] = MailboxRights.Lookup | MailboxRights.Write,
        [MailboxOperation.ReplaceFlags] = MailboxRights.Lookup | MailboxRights.Seen | MailboxRights.Write | MailboxRights.DeleteMessages,
        [MailboxOperation.Expunge] = MailboxRights.Lookup | MailboxRights.Expunge,
        [MailboxOperation.Insert] = MailboxRights.Lookup | MailboxRights.Insert,
        [MailboxOperation.Remove] = MailboxRights.Lookup | MailboxRights.DeleteMessages | MailboxRights.Expunge,
        [MailboxOperation.Create] = MailboxRights.Lookup | MailboxRights.Create,
        [MailboxOperation.DeleteMailbox] = MailboxRights.Lookup | MailboxRights.DeleteMailbox,
        [MailboxOperation.Administer] = MailboxRights.Lookup | MailboxRights.Administer,
        [MailboxOperation.Post] = MailboxRights.Post,
        [MailboxOperation.ReadQuota] = MailboxRights.Lookup | MailboxRights.Read,
        [MailboxOperation.ReadMetadata] = MailboxRights.Lookup,
        [MailboxOperation.WriteMetadata] = MailboxRights.Lookup | MailboxRights.Write,
    }.ToFrozenDictionary();

    /// <summary>Whether owners have all rights by these rules, so that nobody need ask.</summary>
    internal static bool OwnersMayAll(IMailboxAuthorization authorization) => authorization is AclAuthorization or OwnerAuthorization;

    /// <summary>The rights that an operation needs, all of them.</summary>
    public static MailboxRights Needs(MailboxOperation operation) => Needed[operation];

    /// <summary>Whether these rights allow it.</summary>
    public static MailboxVerdict Decide(MailboxRights rights, MailboxOperation operation)
    {
        var needed = Needed[operation];
        // RFC 5464 3.3: one of these beside l.
        var isEnough = rights.HasFlag(needed) && (operation != MailboxOperation.ReadMetadata || (rights & Some) != 0);
        return isEnough ? MailboxVerdict.Allowed
            : rights.HasFlag(MailboxRights.Lookup) || !needed.HasFlag(MailboxRights.Lookup) ? MailboxVerdict.Forbidden
            : MailboxVerdict.Missing;
    }

    /// <summary>Whether these rights allow it.</summary>
    public static bool Allows(MailboxRights rights, MailboxOperation operation) => Decide(rights, operation) == MailboxVerdict.Allowed;
}
