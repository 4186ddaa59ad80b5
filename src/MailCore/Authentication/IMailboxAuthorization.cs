using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>
/// Decides what a user may do with a mailbox. The default, <see cref="AclAuthorization"/>, gives owners everything and others what the
/// mailbox's access control list gives them; a host replaces it by registering its own:
/// <c>mail.Services.AddSingleton&lt;IMailboxAuthorization, MyRules&gt;()</c>. What an operation needs is not decided here but in
/// <see cref="MailboxPermissions"/>. Thread-safe.
/// </summary>
public interface IMailboxAuthorization
{
    /// <summary>Whether answers follow <see cref="MailboxInfo.Acl"/>: IMAP announces ACL only then.</summary>
    bool ObeysAcl => false;

    /// <summary>Whether users may have rights in accounts of others: IMAP tells of their namespaces only then.</summary>
    bool SharesAccounts => ObeysAcl;

    /// <summary>
    /// The user's rights on a mailbox of the account, which is there, or is about to be made or renamed to. Asked for each command that
    /// names a mailbox, whenever the selected mailbox or its account has changed, and for every name that LIST would tell: an answer should
    /// come from memory. Without <see cref="MailboxRights.Lookup"/> a mailbox is as good as missing.
    /// </summary>
    /// <param name="user">Who is logged in; <see cref="MailIdentity.Anyone"/> for the sender of a message who is not.</param>
    /// <param name="account">Whose mailbox it is.</param>
    /// <param name="mailbox">Its full name, as <see cref="MailboxName"/> writes it.</param>
    /// <param name="acl">Its access control list; of a mailbox that is not there yet, that of the nearest one above, which it will inherit.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    ValueTask<MailboxRights> GetRightsAsync(
        MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken);

    /// <summary>
    /// Other accounts in which the user may have rights on anything; too many cost time, too few hide mailboxes. Mailboxes of no other
    /// account can be reached. Asked for each command that names a mailbox of another account, or lists them. None by default.
    /// </summary>
    ValueTask<IReadOnlyList<AccountId>> FindSharingAccountsAsync(MailIdentity user, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<AccountId>>([]);

    /// <summary>
    /// Whether the user may ask for and set the quota of an account by IMAP (SETQUOTA, RFC 9208), the own too; nobody by default. An
    /// account that is named here need not exist.
    /// </summary>
    bool MaySetQuota(MailIdentity user, AccountId account) => false;
}
