using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>Something that must have no answer: each row is a problem, at the place in its first column, with the second as a detail.</summary>
internal sealed record Question(string Where, string What, Sql Sql);

/// <summary>What one table says of another.</summary>
internal static class Consistency
{
    private const string Counted = """
        SELECT mailbox.account, mailbox.id,
            count(entry.uid) AS messages,
            coalesce(sum(entry.flags & 1 = 0), 0) AS unseen,
            coalesce(sum(entry.flags & 8 <> 0), 0) AS deleted,
            coalesce(sum(entry.size), 0) AS bytes,
            coalesce(max(entry.uid), 0) AS last_uid,
            coalesce(max(entry.modseq), 0) AS last_modseq
        FROM mailbox LEFT JOIN entry ON entry.mailbox = mailbox.id GROUP BY mailbox.account, mailbox.id
        """;

    private const string Used = """
        SELECT account.id, coalesce(sum(mailbox.bytes), 0) AS bytes, coalesce(sum(mailbox.messages), 0) AS messages
        FROM account LEFT JOIN mailbox ON mailbox.account = account.id GROUP BY account.id
        """;

    private const string Uses = "SELECT content, count(*) AS uses FROM (SELECT content FROM message UNION ALL SELECT content FROM relay_message) GROUP BY content";

    public static IReadOnlyList<Question> Questions { get; } =
    [
        new("the mailboxes", "its counters are wrong: {0}", new($"""
            SELECT account.name || ', ' || mailbox.name,
                'it has ' || counted.messages || ' messages and says ' || mailbox.messages
            FROM ({Counted}) counted
            JOIN mailbox ON mailbox.account = counted.account AND mailbox.id = counted.id JOIN account ON account.id = mailbox.account
            WHERE (mailbox.messages, mailbox.unseen, mailbox.deleted, mailbox.bytes) <> (counted.messages, counted.unseen, counted.deleted, counted.bytes)
            """)),
        new("the UIDs", "a UID or ModSeq is past the end: {0}", new($"""
            SELECT account.name || ', ' || mailbox.name, 'UID ' || counted.last_uid || ', ModSeq ' || counted.last_modseq
            FROM ({Counted}) counted
            JOIN mailbox ON mailbox.account = counted.account AND mailbox.id = counted.id JOIN account ON account.id = mailbox.account
            WHERE counted.last_uid >= mailbox.uid_next OR counted.last_modseq > account.modseq
            """)),
        new("the accounts", "its quota counters are wrong: {0}", new($"""
            SELECT account.name, 'mailboxes hold ' || used.bytes || ' octets in ' || used.messages || ' messages, and ' || account.quota_used || ' in ' || account.messages || ' are counted'
            FROM account JOIN ({Used}) used ON used.id = account.id WHERE (account.quota_used, account.messages) <> (used.bytes, used.messages)
            """)),
        new("the entries", "{0}", new("""
            SELECT account.name || ', ' || mailbox.name || ', UID ' || entry.uid,
                CASE WHEN message.id IS NULL THEN 'its details are missing' ELSE 'its size is not that of its octets' END
            FROM entry JOIN mailbox ON mailbox.id = entry.mailbox JOIN account ON account.id = mailbox.account
            LEFT JOIN message ON message.id = entry.message LEFT JOIN content ON content.id = message.content
            WHERE message.id IS NULL OR entry.size <> length(message.prefix) + content.size
            """)),
        new("the contents", "{0}", new($"""
            SELECT 'content ' || content.id, CASE WHEN used.uses IS NULL THEN 'no message uses it' ELSE used.uses || ' messages use it, and ' || coalesce(content_use.uses, 1) || ' are counted' END
            FROM content LEFT JOIN ({Uses}) used ON used.content = content.id LEFT JOIN content_use ON content_use.content = content.id
            WHERE coalesce(used.uses, 0) <> coalesce(content_use.uses, 1)
            """)),
        new("the details", "no mailbox has it, and none had it lately", new("""
            SELECT 'message ' || id, NULL FROM message WHERE id NOT IN (SELECT message FROM entry) AND id NOT IN (SELECT message FROM expunged)
            """)),
    ];

    /// <summary>Sets counters right; each answers how many it changed.</summary>
    public static IReadOnlyList<Sql> Corrections { get; } =
    [
        new($"""
            UPDATE mailbox SET messages = counted.messages, unseen = counted.unseen, deleted = counted.deleted, bytes = counted.bytes,
                uid_next = max(mailbox.uid_next, counted.last_uid + 1)
            FROM ({Counted}) counted
            WHERE mailbox.account = counted.account AND mailbox.id = counted.id
                AND ((mailbox.messages, mailbox.unseen, mailbox.deleted, mailbox.bytes) <> (counted.messages, counted.unseen, counted.deleted, counted.bytes)
                    OR counted.last_uid >= mailbox.uid_next)
            """),
        new($"""
            UPDATE account SET quota_used = used.bytes, messages = used.messages
            FROM ({Used}) used WHERE used.id = account.id AND (account.quota_used, account.messages) <> (used.bytes, used.messages)
            """),
        new($"""
            INSERT INTO content_use(content, uses) SELECT content, uses FROM ({Uses}) WHERE uses > 1
                AND uses <> coalesce((SELECT uses FROM content_use WHERE content_use.content = content), 1)
            ON CONFLICT (content) DO UPDATE SET uses = excluded.uses
            """),
        new($"DELETE FROM content_use WHERE content NOT IN (SELECT content FROM ({Uses}) WHERE uses > 1)"),
    ];
}
