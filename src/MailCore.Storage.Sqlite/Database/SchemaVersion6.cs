namespace MailCore.Storage.Sqlite.Database;

/// <summary>Finds the mailboxes that are shared without looking at the others.</summary>
internal static class SchemaVersion6
{
    public const string Text = """
        CREATE INDEX mailbox_shared ON mailbox (account, acl) WHERE acl <> '';
        """;
}
