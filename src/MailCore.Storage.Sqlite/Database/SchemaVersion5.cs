namespace MailCore.Storage.Sqlite.Database;

/// <summary>Forwards, catch-alls, expressions, next hops, senders, limits for accounts without mail, and the trace of messages.</summary>
internal static class SchemaVersion5
{
    public const string Text = """
        -- Targets separated by line feeds; null for none. The limits are taken over when the account gets its first mailbox.
        ALTER TABLE user ADD COLUMN forward TEXT;
        ALTER TABLE user ADD COLUMN keeps_copy INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE user ADD COLUMN quota_limit INTEGER;
        ALTER TABLE user ADD COLUMN message_limit INTEGER;

        ALTER TABLE domain ADD COLUMN via TEXT;

        -- Catch-alls are rows of address whose key begins with '@'.
        CREATE TABLE expression (
            place INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            targets TEXT NOT NULL
        ) STRICT;

        -- Addresses, and domains that begin with '@', that an account may send as besides its own.
        CREATE TABLE sender (
            account TEXT NOT NULL,
            key TEXT NOT NULL,
            PRIMARY KEY (account, key)
        ) STRICT, WITHOUT ROWID;

        -- What became of messages: queue ids sort by time. A line for each step.
        CREATE TABLE trace (
            message TEXT NOT NULL,
            number INTEGER NOT NULL,
            message_id TEXT,
            steps TEXT NOT NULL,
            PRIMARY KEY (message, number)
        ) STRICT, WITHOUT ROWID;
        """;
}
