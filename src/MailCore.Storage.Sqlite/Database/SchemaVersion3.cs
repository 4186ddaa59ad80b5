namespace MailCore.Storage.Sqlite.Database;

/// <summary>Metadata, access control lists and a quota of messages.</summary>
internal static class SchemaVersion3
{
    public const string Text = """
        -- Annotations of mailboxes; those of the account itself have mailbox 0.
        CREATE TABLE metadata (
            account INTEGER NOT NULL,
            mailbox INTEGER NOT NULL,
            entry TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (account, mailbox, entry)
        ) STRICT, WITHOUT ROWID;

        -- A line for each identifier: identifier, tab, rights.
        ALTER TABLE mailbox ADD COLUMN acl TEXT NOT NULL DEFAULT '';

        ALTER TABLE account ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE account ADD COLUMN message_limit INTEGER;
        UPDATE account SET messages = (SELECT coalesce(sum(mailbox.messages), 0) FROM mailbox WHERE mailbox.account = account.id);
        """;
}
