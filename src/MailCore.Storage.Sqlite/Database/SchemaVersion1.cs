namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// What a LOAD reads (entry) is kept apart from what only a FETCH of details reads (message): a million entries are about 6,000
/// pages. Messages and contents are filled in the order of their ids, so that deliveries into different mailboxes share pages.
/// Dates are seconds since 1970, in state.expires milliseconds.
/// </summary>
internal static class SchemaVersion1
{
    public const string Text = """
        CREATE TABLE schema_version (
            version INTEGER PRIMARY KEY,
            applied INTEGER NOT NULL
        ) STRICT;

        -- One row. Ids of messages and contents from next_object on, numbers of accounts and mailboxes from next_number on, have
        -- never been used; every file whose id is below settled belongs to a row of content.
        CREATE TABLE store (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            tag TEXT NOT NULL,
            next_object INTEGER NOT NULL,
            next_number INTEGER NOT NULL,
            settled INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE account (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            modseq INTEGER NOT NULL,
            oldest_kept INTEGER NOT NULL,
            structure_modseq INTEGER NOT NULL,
            last_uid_validity INTEGER NOT NULL,
            quota_used INTEGER NOT NULL,
            quota_limit INTEGER
        ) STRICT;

        -- The counters are kept with every change: nothing ever counts entries. Keywords are separated by line feeds.
        CREATE TABLE mailbox (
            account INTEGER NOT NULL,
            id INTEGER NOT NULL,
            uid_validity INTEGER NOT NULL,
            uid_next INTEGER NOT NULL,
            recent_from INTEGER NOT NULL,
            highest_modseq INTEGER NOT NULL,
            info_modseq INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            unseen INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            name TEXT NOT NULL,
            special_use TEXT,
            keywords TEXT NOT NULL,
            PRIMARY KEY (account, id)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name);

        CREATE TABLE removed_mailbox (
            account INTEGER NOT NULL,
            id INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            PRIMARY KEY (account, id)
        ) STRICT, WITHOUT ROWID;

        -- The highest UIDVALIDITY a name had that no longer has its mailbox.
        CREATE TABLE former_name (
            account INTEGER NOT NULL,
            name TEXT NOT NULL,
            uid_validity INTEGER NOT NULL,
            PRIMARY KEY (account, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE subscription (
            account INTEGER NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (account, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE entry (
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            size INTEGER NOT NULL,
            message INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX entry_modseq ON entry (mailbox, modseq);

        CREATE TABLE expunged (
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            message INTEGER NOT NULL,
            PRIMARY KEY (mailbox, uid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX expunged_modseq ON expunged (mailbox, modseq);

        -- email_id: null for its own id, an integer for another message's id, text when it was given from outside.
        CREATE TABLE message (
            id INTEGER PRIMARY KEY,
            content INTEGER NOT NULL,
            internal_date INTEGER NOT NULL,
            zone_minutes INTEGER NOT NULL,
            save_date INTEGER NOT NULL,
            email_id ANY,
            prefix BLOB NOT NULL,
            summary BLOB NOT NULL
        ) STRICT;

        -- data is null when the octets are in a file. Only contents used more than once have a row in content_use.
        CREATE TABLE content (
            id INTEGER PRIMARY KEY,
            size INTEGER NOT NULL,
            data BLOB
        ) STRICT;
        CREATE TABLE content_use (
            content INTEGER PRIMARY KEY,
            uses INTEGER NOT NULL
        ) STRICT;

        -- Files to be deleted: their content is gone.
        CREATE TABLE garbage (
            content INTEGER PRIMARY KEY
        ) STRICT;

        CREATE TABLE delivery (
            account INTEGER NOT NULL,
            key TEXT NOT NULL,
            mailbox INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (account, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX delivery_at ON delivery (at);

        -- What is to be removed when: see Writing/Retention.cs for the kinds.
        CREATE TABLE retention (
            due INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            account INTEGER NOT NULL,
            mailbox INTEGER NOT NULL,
            modseq INTEGER NOT NULL,
            PRIMARY KEY (due, kind, mailbox, modseq)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE domain (
            name TEXT PRIMARY KEY,
            relayed INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Deleted users stay, without password, so that their ids are not given out again.
        CREATE TABLE user (
            account TEXT PRIMARY KEY,
            address TEXT NOT NULL,
            password TEXT,
            deleted INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Either an account's address, or an alias with its targets separated by line feeds.
        CREATE TABLE address (
            key TEXT PRIMARY KEY,
            account TEXT,
            targets TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX address_account ON address (account);

        CREATE TABLE state (
            key TEXT PRIMARY KEY,
            value BLOB NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX state_expires ON state (expires);
        """;
}
