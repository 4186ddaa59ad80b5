using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>What works of the writer need besides its connection.</summary>
internal sealed record WriteContext(TimeProvider Time, SqliteStoreOptions Options, ObjectIds Ids, ContentStage Stage)
{
    /// <summary>Until when what is expunged now stays readable, in seconds since 1970.</summary>
    public long ExpungedUntil(long now) => now + (long)Math.Ceiling(Options.ExpungedRetention.TotalSeconds);

    /// <summary>Until when an expunge is remembered whose messages have been removed now.</summary>
    public long HistoryUntil(long now) => now + (long)Math.Ceiling((Options.ExpungeHistory - Options.ExpungedRetention).TotalSeconds);
}
