using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>
/// Decides what a user may do with a mailbox. The default gives owners everything and others nothing; a host replaces it by
/// registering its own: <c>mail.Services.AddSingleton&lt;IMailboxAuthorization, MyRules&gt;()</c>. Thread-safe.
/// </summary>
public interface IMailboxAuthorization
{
    /// <summary>
    /// The user's rights on a mailbox of the account, which is there, or is about to be made or renamed to. Asked for each command that
    /// names or selects a mailbox, and for every name that LIST would tell: an answer should come from memory. Rights are read
    /// when a mailbox is selected and hold until another is. Without <see cref="MailboxRights.Lookup"/> a mailbox is as good as missing.
    /// </summary>
    /// <param name="user">Who is logged in.</param>
    /// <param name="account">Whose mailbox it is.</param>
    /// <param name="mailbox">Its full name, as <see cref="MailboxName"/> writes it.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    ValueTask<MailboxRights> GetRightsAsync(MailIdentity user, AccountId account, string mailbox, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the user may ask for and set the quota of an account by IMAP (SETQUOTA, RFC 9208), the own too; nobody by default. An
    /// account that is named here need not exist.
    /// </summary>
    bool MaySetQuota(MailIdentity user, AccountId account) => false;
}

/// <summary>Rights on a mailbox, named as RFC 4314 2.1 names them.</summary>
[Flags]
public enum MailboxRights
{
    /// <summary>None: to the user it is not there.</summary>
    None = 0,

    /// <summary>l: LIST tells it, SUBSCRIBE takes it.</summary>
    Lookup = 1,

    /// <summary>r: SELECT, EXAMINE, STATUS, COPY from it.</summary>
    Read = 2,

    /// <summary>s: \Seen may be altered.</summary>
    Seen = 4,

    /// <summary>w: flags other than \Seen and \Deleted may be altered.</summary>
    Write = 8,

    /// <summary>i: APPEND, COPY and MOVE into it.</summary>
    Insert = 16,

    /// <summary>k: it may be made, or be what another is renamed to.</summary>
    Create = 32,

    /// <summary>x: it may be deleted, or renamed to another name.</summary>
    DeleteMailbox = 64,

    /// <summary>t: \Deleted may be altered; messages may be moved away or replaced.</summary>
    DeleteMessages = 128,

    /// <summary>e: messages that carry \Deleted may be removed.</summary>
    Expunge = 256,

    /// <summary>Everything.</summary>
    All = Lookup | Read | Seen | Write | Insert | Create | DeleteMailbox | DeleteMessages | Expunge,
}
