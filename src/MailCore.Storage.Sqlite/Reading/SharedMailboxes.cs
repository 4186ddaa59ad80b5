using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Writing;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>Who shares with whom, from the index of mailboxes that have an access control list.</summary>
internal static class SharedMailboxes
{
    private static readonly Sql Select = new("SELECT account.name, mailbox.acl FROM mailbox JOIN account ON account.id = mailbox.account WHERE mailbox.acl <> ''");

    public static IReadOnlyList<AccountId> FindAccounts(StoreConnection db, IReadOnlyList<string> identifiers)
    {
        var accounts = new HashSet<AccountId>();
        using var row = db.Use(Select);
        while (row.Step())
        {
            if (AttributeChanges.ParseAcl(row.Text(1)).Any(entry => identifiers.Contains(entry.Identifier)))
            {
                accounts.Add(new AccountId(row.Text(0)));
            }
        }

        return [.. accounts];
    }
}
