using Microsoft.Extensions.Logging;

namespace MailCore.Storage.Sqlite;

/// <summary>How a <see cref="SqliteMailStore"/> works; read once, when it opens.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The least that expunged messages stay readable (RFC 2180 4.1 and this library's contract).</summary>
    public static readonly TimeSpan MinimumExpungedRetention = TimeSpan.FromMinutes(35);

    /// <summary>Where dates and retention times come from.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>For what goes wrong in the background; null logs nothing.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// Whether a commit waits until what it wrote is on the medium. Without that commits cost less and survive the end of the process,
    /// but not a power cut, which may also damage the database; <see cref="StoreTraits.Durable"/> is not set then. For tests.
    /// </summary>
    public bool SurvivesPowerLoss { get; set; } = true;

    /// <summary>
    /// Messages of up to this many octets are kept inside the database, larger ones in a file each. Also the memory that each
    /// message being received may take. 1 KB to 1 MB; what is stored already stays where it is.
    /// </summary>
    public int InlineContentLimit { get; set; } = 32 * 1024;

    /// <summary>How long expunged messages stay readable for sessions that have not been told; at least 35 minutes.</summary>
    public TimeSpan ExpungedRetention { get; set; } = TimeSpan.FromMinutes(40);

    /// <summary>How long expunges are remembered for clients that come back (QRESYNC, RFC 7162); at least <see cref="ExpungedRetention"/>.</summary>
    public TimeSpan ExpungeHistory { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long it is remembered what became of each message (<see cref="SqliteMessageTrace"/>), about 300 octets each; zero remembers nothing. A week by default.</summary>
    public TimeSpan TraceHistory { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often expired things are removed.</summary>
    public TimeSpan MaintenanceInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether an index of texts is kept, so that SEARCH BODY and TEXT read only messages that may match. It takes about as much room as
    /// the texts of the messages. Opening a folder without it throws the index away; opening one with it for the first time begins to
    /// make it, beside the work of the server.
    /// </summary>
    public bool FullTextSearch { get; set; }

    /// <summary>Octets that the write-ahead log may reach before it is written back into the database file; 1 MB to 1 GB.</summary>
    public long WriteAheadLimit { get; set; } = 16 * 1024 * 1024;

    internal SqliteStoreOptions Validated()
    {
        Check(InlineContentLimit is >= 1024 and <= 1024 * 1024, nameof(InlineContentLimit), "1 KB to 1 MB");
        Check(ExpungedRetention >= MinimumExpungedRetention, nameof(ExpungedRetention), "35 minutes or more");
        Check(ExpungeHistory >= ExpungedRetention, nameof(ExpungeHistory), $"{nameof(ExpungedRetention)} or more");
        Check(TraceHistory >= TimeSpan.Zero, nameof(TraceHistory), "zero or more");
        Check(MaintenanceInterval >= TimeSpan.FromSeconds(1), nameof(MaintenanceInterval), "1 second or more");
        Check(WriteAheadLimit is >= 1024 * 1024 and <= 1024 * 1024 * 1024, nameof(WriteAheadLimit), "1 MB to 1 GB");
        return (SqliteStoreOptions)MemberwiseClone();
    }

    private static void Check(bool valid, string name, string allowed)
    {
        if (!valid)
        {
            throw new ArgumentOutOfRangeException(name, $"{nameof(SqliteStoreOptions)}.{name} must be {allowed}.");
        }
    }
}
