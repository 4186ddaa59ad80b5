using System.Globalization;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>Reads of message details, inside the caller's read transaction.</summary>
internal static class MessageDetails
{
    private const MessageFields Blobs = MessageFields.Content | MessageFields.Summary;

    private static readonly Sql SelectEntry = new("SELECT message FROM entry WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql SelectExpunged = new("SELECT message FROM expunged WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql SelectExists = new("SELECT 1 FROM message WHERE id = ?1");

    // What is not asked for is not read: a long summary lies on pages of its own.
    private static readonly Sql SelectPlain = Select("NULL, NULL");
    private static readonly Sql SelectPrefix = Select("prefix, NULL");
    private static readonly Sql SelectSummary = Select("NULL, summary");
    private static readonly Sql SelectBoth = Select("prefix, summary");

    /// <summary>The message of an entry or, when it was expunged, of the memory of it; null when there is neither.</summary>
    public static MessageRow? Read(StoreConnection db, MessageQuery query, uint uid)
    {
        var message = db.Use(SelectEntry).With(query.Mailbox).With(uid).Scalar();
        var expunged = message is null || query.MailboxRemoved;
        message ??= db.Use(SelectExpunged).With(query.Mailbox).With(uid).Scalar();
        return message is { } id ? ReadMessage(db, query, uid, id, expunged) : null;
    }

    private static MessageRow? ReadMessage(StoreConnection db, MessageQuery query, uint uid, long id, bool expunged)
    {
        var fields = query.Fields;
        if (fields == MessageFields.None)
        {
            // The details of what was expunged long ago are gone before the memory of it.
            return !expunged || db.Use(SelectExists).With(id).Scalar() is not null
                ? new MessageRow(new Uid(uid), default, default, default, default, default, default, expunged)
                : null;
        }

        using var row = db.Use(StatementFor(fields)).With(id);
        if (!row.Step())
        {
            return expunged ? null : throw new SqliteStoreException("A message's details are missing in the database.");
        }

        var dates = (fields & MessageFields.Dates) != 0;
        var content = (fields & MessageFields.Content) != 0;
        return new MessageRow(
            new Uid(uid),
            dates ? InternalDate(row, 0) : default,
            dates ? DateTimeOffset.FromUnixTimeSeconds(row.Int64(2)) : default,
            (fields & MessageFields.EmailId) != 0 ? ReadEmailId(row, 3, query.Tag, id) : default,
            content ? ContentIds.Format(row.Int64(4)) : default,
            content ? row.Blob(5).ToArray() : default,
            (fields & MessageFields.Summary) != 0 ? row.Blob(6).ToArray() : default,
            expunged);
    }

    /// <summary>Seconds since 1970 and, in the column behind them, the zone's minutes.</summary>
    public static DateTimeOffset InternalDate(Statement row, int column) =>
        DateTimeOffset.FromUnixTimeSeconds(row.Int64(column)).ToOffset(TimeSpan.FromMinutes(row.Int64(column + 1)));

    public static EmailId ReadEmailId(Statement row, int column, string tag, long id) =>
        new(row.IsNull(column) ? Format(tag, id) : row.IsInteger(column) ? Format(tag, row.Int64(column)) : row.Text(column));

    private static string Format(string tag, long id) => string.Create(CultureInfo.InvariantCulture, $"{tag}-{id}");

    private static Sql StatementFor(MessageFields fields) => (fields & Blobs) switch
    {
        Blobs => SelectBoth,
        MessageFields.Content => SelectPrefix,
        MessageFields.Summary => SelectSummary,
        _ => SelectPlain,
    };

    private static Sql Select(string blobs) => new($"SELECT internal_date, zone_minutes, save_date, email_id, content, {blobs} FROM message WHERE id = ?1");
}

/// <summary>What is to be read of messages.</summary>
/// <param name="Mailbox">Its number.</param>
/// <param name="MailboxRemoved">All its messages count as expunged.</param>
/// <param name="Fields">Which fields.</param>
/// <param name="Tag">The store's part of EMAILIDs.</param>
internal readonly record struct MessageQuery(long Mailbox, bool MailboxRemoved, MessageFields Fields, string Tag);
