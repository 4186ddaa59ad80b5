namespace MailCore.Storage.Sqlite.Database;

/// <summary>The relay's queue: a message has an item for each way that recipients of it go. Times are milliseconds since 1970.</summary>
internal static class SchemaVersion7
{
    public const string Text = """
        CREATE TABLE relay_message (
            id INTEGER PRIMARY KEY,
            queue_id TEXT NOT NULL UNIQUE,
            sender TEXT NOT NULL,
            priority INTEGER NOT NULL,
            size INTEGER NOT NULL,
            accepted INTEGER NOT NULL,
            content INTEGER NOT NULL,
            entry BLOB NOT NULL
        ) STRICT;

        CREATE TABLE relay_item (
            id INTEGER PRIMARY KEY,
            message INTEGER NOT NULL,
            lane INTEGER NOT NULL,
            destination TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            due INTEGER NOT NULL,
            alarm INTEGER,
            held INTEGER NOT NULL,
            warned INTEGER NOT NULL,
            reply TEXT,
            recipients BLOB NOT NULL
        ) STRICT;
        CREATE INDEX relay_item_message ON relay_item (message);

        -- What an operator wants of a server that has the queue open. The server writes how many items it was about.
        CREATE TABLE relay_order (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            action INTEGER NOT NULL,
            queue_id TEXT,
            destination TEXT,
            sender TEXT,
            lane INTEGER,
            items INTEGER
        ) STRICT;
        """;
}
