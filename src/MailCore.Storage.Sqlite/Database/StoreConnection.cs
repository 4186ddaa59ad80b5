using System.Globalization;
using SQLitePCL;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// One connection to the database, with its prepared statements. Used by one thread at a time: SQLite's own locking is off.
/// </summary>
internal sealed class StoreConnection : IDisposable
{
    private const int WriterCachePages = -8 * 1024;
    private const int ReaderCachePages = -1024;
    private const int BusyMilliseconds = 2_000;
    private const int CachePagesWritten = 9;

    private const string Flush = "PRAGMA synchronous=FULL";
    private const string FlushNothing = "PRAGMA synchronous=OFF";

    private static readonly Sql BeginRead = new("BEGIN");
    private static readonly Sql BeginWrite = new("BEGIN IMMEDIATE");
    private static readonly Sql CommitWrite = new("COMMIT");

    private readonly sqlite3 _handle;
    private readonly Dictionary<Sql, Statement> _statements = [];
    private readonly List<sqlite3_stmt> _prepared = [];
    private long _pagesWritten;

    private readonly string _path;

    private StoreConnection(string path, sqlite3 handle) => (_path, _handle) = (path, handle);

    /// <summary>Whether a transaction is open. SQLite ends one by itself after some failures.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Rows altered by the last statement.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Pages this connection has written to the log since it was opened.</summary>
    public long PagesWritten
    {
        get
        {
            // SQLite's own counter has 32 bits, so it is emptied. Never throws: it is asked after commits, too.
            _ = raw.sqlite3_db_status(_handle, CachePagesWritten, out var current, out _, 1);
            return _pagesWritten += current;
        }
    }

    /// <summary>Opens the connection that writes; makes the database when there is none.</summary>
    public static StoreConnection OpenWriter(string path, bool survivesPowerLoss = true)
    {
        var connection = Open(path, raw.SQLITE_OPEN_CREATE);
        try
        {
            connection.Execute($"PRAGMA cache_size={WriterCachePages}");
            connection.RequireLog(survivesPowerLoss);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static StoreConnection OpenReader(string path)
    {
        var connection = Open(path, 0);
        connection.Execute($"PRAGMA cache_size={ReaderCachePages}");
        connection.Execute("PRAGMA query_only=1");
        return connection;
    }

    /// <summary>Opens a connection for small changes beside the store's own writer; what it commits is on the medium.</summary>
    public static StoreConnection OpenEditor(string path)
    {
        var connection = Open(path, 0);
        connection.Execute($"PRAGMA cache_size={ReaderCachePages}");
        connection.Execute(Flush);
        return connection;
    }

    /// <summary>Opens a connection that only copies the log back into the database file.</summary>
    public static StoreConnection OpenCheckpointer(string path, bool survivesPowerLoss)
    {
        var connection = Open(path, 0);
        connection.Execute(survivesPowerLoss ? Flush : FlushNothing);
        return connection;
    }

    public void Begin() => Use(BeginRead).Run();

    public void BeginImmediate() => Use(BeginWrite).Run();

    public void Commit() => Use(CommitWrite).Run();

    /// <summary>Ends a transaction without effect; does nothing when there is none.</summary>
    public void Rollback()
    {
        if (InTransaction)
        {
            Execute("ROLLBACK");
        }
    }

    /// <summary>A statement ready to be bound.</summary>
    public Statement Use(Sql sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v3(_handle, sql.Text, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
            _prepared.Add(handle);
            _statements[sql] = statement = new Statement(this, handle);
        }

        return statement.Start();
    }

    /// <summary>Runs statements that are not worth keeping.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>The first column of the first row as text, or null.</summary>
    public string? QueryText(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        using (handle)
        {
            var code = raw.sqlite3_step(handle);
            if (code == raw.SQLITE_ROW)
            {
                return raw.sqlite3_column_text(handle, 0).utf8_to_string();
            }

            Check(code == raw.SQLITE_DONE ? raw.SQLITE_OK : code);
            return null;
        }
    }

    /// <summary>
    /// Copies the log into the database file. False when readers or a writer kept it from being finished.
    /// </summary>
    public bool Checkpoint(int mode)
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", mode, out var logged, out var copied);
        if (code == raw.SQLITE_BUSY)
        {
            return false;
        }

        Check(code);
        return logged == copied;
    }

    public void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            Throw(code);
        }
    }

    public void Dispose()
    {
        foreach (var statement in _prepared)
        {
            statement.Dispose();
        }

        _handle.Dispose();
    }

    private static StoreConnection Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | flags, null);
        var connection = new StoreConnection(path, handle);
        try
        {
            connection.Check(code);
            connection.Check(raw.sqlite3_extended_result_codes(handle, 1));
            connection.Check(raw.sqlite3_busy_timeout(handle, BusyMilliseconds));

            // Savepoints may otherwise spill into files outside the folder; the log is written back by the store's own rules.
            connection.Execute("PRAGMA temp_store=MEMORY");
            connection.Execute("PRAGMA wal_autocheckpoint=0");

            // Only macOS knows these: its fsync alone does not reach the medium.
            connection.Execute("PRAGMA fullfsync=1");
            connection.Execute("PRAGMA checkpoint_fullfsync=1");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void RequireLog(bool survivesPowerLoss)
    {
        var journal = QueryText("PRAGMA journal_mode=WAL");
        Execute(survivesPowerLoss ? Flush : FlushNothing);
        var synchronous = QueryText("PRAGMA synchronous");
        if (journal != "wal" || synchronous != (survivesPowerLoss ? "2" : "0"))
        {
            throw new SqliteStoreException($"The database can't be used durably here: journal mode '{journal}', synchronous '{synchronous}'. Network file systems are not supported.");
        }
    }

    private void Throw(int code)
    {
        var text = raw.sqlite3_errmsg(_handle).utf8_to_string();
        var advice = (code & 0xFF) switch
        {
            raw.SQLITE_FULL => "The disk is full: nothing that was refused has been stored, and the store goes on when there is room again.",
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "The database is damaged: stop the server, check the store, and restore a backup.",
            raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => "Let the user that runs this process own the folder and all in it, on a file system that can be written.",
            raw.SQLITE_IOERR => "The disk could not be read or written: see the system's log.",
            _ => "",
        };
        throw new SqliteStoreException(
            string.Create(CultureInfo.InvariantCulture, $"The mail store's database '{_path}' failed: {text} (SQLite {code}). {advice}").TrimEnd(), code);
    }
}
