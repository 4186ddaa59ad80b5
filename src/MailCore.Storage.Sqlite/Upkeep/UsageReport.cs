using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>What accounts use, from the counters; those that have no mail yet use nothing.</summary>
internal static class UsageReport
{
    private static readonly Sql Select = new("""
        SELECT account.name, count(mailbox.id), coalesce(sum(mailbox.messages), 0), account.quota_used, account.quota_limit, account.message_limit
        FROM account LEFT JOIN mailbox ON mailbox.account = account.id GROUP BY account.id
        UNION ALL
        SELECT user.account, 0, 0, 0, user.quota_limit, user.message_limit
        FROM user WHERE user.deleted = 0 AND NOT EXISTS (SELECT 1 FROM account WHERE account.name = user.account)
        ORDER BY 1
        """);

    public static IReadOnlyList<AccountUsage> Read(StoreConnection db)
    {
        var accounts = new List<AccountUsage>();
        using var row = db.Use(Select);
        while (row.Step())
        {
            accounts.Add(new AccountUsage(new AccountId(row.Text(0)), row.Int64(1), row.Int64(2), row.Int64(3), row.IsNull(4) ? null : row.Int64(4), row.IsNull(5) ? null : row.Int64(5)));
        }

        return accounts;
    }
}
