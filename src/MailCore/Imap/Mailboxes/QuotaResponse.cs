using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>
/// Quota roots (RFC 9208 3.2): each account is one, all of its mailboxes belong to it, and its id is the name.
/// </summary>
internal static class QuotaResponse
{
    /// <summary>Octets in which STORAGE is counted (RFC 9208 5.1).</summary>
    public const int StorageUnit = 1024;

    /// <summary>
    /// The account that a root's name means, if this user may know of its quota by name: the own, or one whose quota the user may set.
    /// </summary>
    public static async ValueTask<MailAccount?> FindAsync(ImapSession session, string root)
    {
        if (root == session.Account.Id.Value)
        {
            return session.Account;
        }

        return root.Length > 0 && session.Services.Authorization.MaySetQuota(session.Identity!, new AccountId(root))
            ? await session.Services.Accounts.OpenAsync(new AccountId(root), session.Aborted)
            : null;
    }

    /// <summary>Usage is rounded up and a limit down, so that what looks full is full.</summary>
    public static async ValueTask WriteAsync(ImapSession session, MailAccount account)
    {
        var snapshot = await account.SnapshotAsync(session.Aborted);
        var writer = WriteRoot(session.Writer.Raw("* QUOTA"u8), account).Raw(" ("u8);
        var separator = ""u8;
        if (snapshot.QuotaLimit is { } octets)
        {
            writer.Raw("STORAGE "u8).Number((snapshot.QuotaUsed / StorageUnit) + (snapshot.QuotaUsed % StorageUnit > 0 ? 1 : 0)).Raw(" "u8).Number(octets / StorageUnit);
            separator = " "u8;
        }

        if (snapshot.MessageLimit is { } messages)
        {
            writer.Raw(separator).Raw("MESSAGE "u8).Number(snapshot.Messages).Raw(" "u8).Number(messages);
        }

        writer.Raw(")"u8).Line();
    }

    /// <summary>A space and the name of the account's root.</summary>
    public static ImapWriter WriteRoot(ImapWriter writer, MailAccount account) => writer.Raw(" "u8).Astring(Encoding.UTF8.GetBytes(account.Id.Value));
}
