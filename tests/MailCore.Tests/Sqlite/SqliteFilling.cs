namespace MailCore.Tests.Sqlite;

/// <summary>
/// Makes a large inbox of the one message in it. Through the contract this would take as long as all other tests together. The store
/// is to be opened anew afterwards.
/// </summary>
internal static class SqliteFilling
{
    /// <summary>All of them share their details. Every second one is flagged.</summary>
    public static string Entries(int rows) => Fill(rows, "message") + Count(rows);

    /// <summary>Each has details of its own.</summary>
    public static string EntriesAndMessages(int rows) => $"""
        {Numbers(rows)}
        INSERT INTO message(id, content, internal_date, zone_minutes, save_date, email_id, prefix, summary)
        SELECT id + n, content, internal_date, zone_minutes, save_date, email_id, prefix, summary FROM message, numbers;
        UPDATE store SET next_object = next_object + {rows};
        {Fill(rows, "message + n")}
        {Count(rows)}
        """;

    private static string Numbers(int rows) => $"WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})";

    private static string Fill(int rows, string message) => $"""
        {Numbers(rows)}
        INSERT INTO entry(mailbox, uid, flags, modseq, size, message) SELECT mailbox, n, (n % 2) * 4, n, size, {message} FROM entry, numbers WHERE uid = 1;
        """;

    private static string Count(int rows) => $"""

        UPDATE mailbox SET uid_next = {rows + 1}, messages = {rows}, unseen = {rows}, bytes = bytes * {rows}, highest_modseq = {rows} WHERE name = 'INBOX';
        UPDATE account SET modseq = {rows};
        """;
}
