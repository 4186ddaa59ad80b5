using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Reading;
using MailCore.Storage.Sqlite.Text;
using MailCore.Storage.Sqlite.Writing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SQLitePCL;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Mail in one folder: a SQLite database with all accounts, and a file for each large message. What a commit has acknowledged
/// survives a power cut. One process at a time can open the folder; opening after a crash needs no repair.
/// </summary>
/// <remarks>
/// Thread-safe. One thread writes (see Writer), reads run on connections of their own and end within the call that makes them
/// (see SqliteAccountStore). Disposing finishes the commits under way; calls after that throw
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class SqliteMailStore : IMailStore, IMessageSearch, IDirectoryDatabase, IAsyncDisposable, IDisposable
{
    private static readonly Sql SelectSettled = new("SELECT settled FROM store");
    private static readonly Sql SelectContent = new("SELECT size, data FROM content WHERE id = ?1");
    private static readonly Sql SelectAccountState = new("SELECT modseq, oldest_kept FROM account WHERE id = ?1");

    private readonly ConcurrentDictionary<AccountId, SqliteAccountStore> _accounts = new();
    private readonly FolderLock _lock;
    private readonly StoreConnection _db;
    private readonly ReaderPool _readers;
    private readonly LogCheckpointer _checkpointer;
    private readonly WriteContext _context;
    private readonly Writer _writer;
    private readonly Maintenance _maintenance;
    private readonly TextIndexer? _text;
    private readonly ITimer _timer;
    private readonly ILogger _logger;
    private readonly string _tag;

    // Guards _maintaining and _closing.
    private readonly Lock _stateLock = new();
    private Task _maintaining = Task.CompletedTask;
    private Task? _closing;

    private SqliteMailStore(string folder, FolderLock folderLock, StoreConnection db, SqliteStoreOptions options)
    {
        var path = Path.Combine(folder, DatabaseName);
        Schema.Prepare(db, folder, options.TimeProvider.GetUtcNow());
        TextSchema.Prepare(db, options.FullTextSearch);

        // One large transaction must not leave a large file for good.
        db.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_size_limit={2 * options.WriteAheadLimit}"));
        var contents = new ContentFolder(folder, options.SurvivesPowerLoss);
        FileSync.Folder(folder);
        contents.Sweep(db.Use(SelectSettled).Scalar() ?? 1, id => Contents.IsKnown(db, id));

        var ids = new ObjectIds(db);
        Folder = folder;
        (_lock, _db) = (folderLock, db);
        _tag = db.QueryText("SELECT tag FROM store")!;
        _logger = (ILogger?)options.LoggerFactory?.CreateLogger<SqliteMailStore>() ?? NullLogger.Instance;
        _readers = new ReaderPool(path);
        _context = new WriteContext(options.TimeProvider, options, ids, new ContentStage(contents, ids, options.InlineContentLimit));
        _checkpointer = new LogCheckpointer(path, options);
        _writer = new Writer(db, ids, _checkpointer);
        _maintenance = new Maintenance(_context, _writer, PublishOldestKept);
        _text = options.FullTextSearch ? new TextIndexer(this, _logger) : null;
        _timer = options.TimeProvider.CreateTimer(static store => ((SqliteMailStore)store!).Tick(), this, options.MaintenanceInterval, options.MaintenanceInterval);
    }

    /// <summary>The database's file name within the folder; beside it lie its log ("-wal") and shared memory ("-shm").</summary>
    public static string DatabaseName => "mail.db";

    /// <summary>Where everything is, as a full path.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public StoreTraits Traits =>
        (_context.Options.SurvivesPowerLoss ? StoreTraits.Durable : StoreTraits.None)
        | StoreTraits.SharedContent | StoreTraits.FaithfulContent | StoreTraits.Quota | StoreTraits.Keywords | StoreTraits.Mailboxes
        | StoreTraits.Acl | StoreTraits.Metadata | StoreTraits.Writes | StoreTraits.Copy | StoreTraits.Import;

    /// <summary>Transactions, and so flushes of the log, since the store was opened.</summary>
    internal long Commits => _writer.Commits;

    internal TimeProvider Time => _context.Time;

    internal TimeSpan TraceHistory => _context.Options.TraceHistory;

    internal ContentStage Stage => _context.Stage;

    /// <summary>
    /// Opens a folder, making it and what is in it when there is nothing. Throws <see cref="SqliteStoreException"/> when it is in
    /// use, can't be written, or was written by a newer version.
    /// </summary>
    public static SqliteMailStore Open(string folder, SqliteStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var valid = (options ?? new SqliteStoreOptions()).Validated();
        var full = Path.GetFullPath(folder);
        Batteries_V2.Init();
        FolderLock? folderLock = null;
        StoreConnection? db = null;
        try
        {
            folderLock = FolderLock.Take(full);
            var path = Path.Combine(full, DatabaseName);
            FileSync.MakeFile(path);
            db = StoreConnection.OpenWriter(path, valid.SurvivesPowerLoss);
            return new SqliteMailStore(full, folderLock, db, valid);
        }
        catch (Exception e)
        {
            db?.Dispose();
            folderLock?.Dispose();
            if (e is SqliteStoreException or not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw FolderLock.Unwritable(full, e);
        }
    }

    T IDirectoryDatabase.Read<T>(Func<StoreConnection, T> read) => Read(read);

    Task<T> IDirectoryDatabase.WriteAsync<T>(Func<StoreConnection, T> write, CancellationToken cancellationToken) => WriteAsync(write, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(account.Value, nameof(account));
        if (_accounts.TryGetValue(account, out var open))
        {
            return open;
        }

        var number = Read(db => AccountCreation.Find(db, account))
            ?? await WriteAsync(db => AccountCreation.FindOrMake(_context, db, account), cancellationToken);
        open = _accounts.GetOrAdd(account, new SqliteAccountStore(_readers, account, number, _tag));

        // Only now that commits find it: one in between would go unnoticed otherwise.
        PublishStored(open);
        return open;
    }

    /// <inheritdoc/>
    public ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return _context.Stage.StageAsync(bytes, hint.Length, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(ContentIds.TryParse(id, out var number) ? OpenContent(number) : null);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identifiers);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(db => SharedMailboxes.FindAccounts(db, identifiers)));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batches);
        cancellationToken.ThrowIfCancellationRequested();
        var held = new HashSet<SqliteStagedContent>();
        try
        {
            var weight = Hold(batches, held);
            foreach (var content in held)
            {
                await content.FlushAsync().WaitAsync(cancellationToken);
            }

            var results = await new CommitWork(_context, batches, Publish, weight).RunAsync(_writer, cancellationToken);
            _text?.Wake();
            return results;
        }
        finally
        {
            foreach (var content in held)
            {
                content.Release();
            }
        }
    }

    /// <inheritdoc/>
    public bool HasIndex => _text is not null;

    /// <inheritdoc/>
    public ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_text?.FindCandidates(MailboxNumbers.Parse(mailbox), text, scope));
    }

    /// <summary>Finishes what is under way, writes the log back into the database and lets go of the folder.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_stateLock)
        {
            return new ValueTask(_closing ??= CloseAsync(_maintaining));
        }
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Completes when all that was committed before is in the text index; at once when there is none.</summary>
    public Task IndexTextAsync() => _text?.RunAsync() ?? Task.CompletedTask;

    /// <summary>Removes what has expired.</summary>
    internal Task MaintainAsync()
    {
        lock (_stateLock)
        {
            return _closing is not null || !_maintaining.IsCompleted ? _maintaining : _maintaining = Task.Run(_maintenance.RunAsync);
        }
    }

    /// <summary>Runs a read that ends before this returns.</summary>
    internal T Read<T>(Func<StoreConnection, T> read)
    {
        using var lease = _readers.Rent();
        return read(lease.Connection);
    }

    /// <summary>Runs a change that is durable when this completes; it may be run more than once, and must not throw for its own reasons.</summary>
    internal Task<T> WriteAsync<T>(Func<StoreConnection, T> write, CancellationToken cancellationToken) =>
        new WriteFunction<T>(write).RunAsync(_writer, cancellationToken);

    private static SqliteStagedContent Own(StagedContent content, ContentStage stage) =>
        content is SqliteStagedContent own && own.Stage == stage
            ? own
            : throw new ArgumentException("The content was not staged in this store.", nameof(content));

    private long Hold(IReadOnlyList<ChangeBatch> batches, HashSet<SqliteStagedContent> held)
    {
        var weight = 0L;
        for (var i = 0; i < batches.Count; i++)
        {
            foreach (var change in batches[i].Changes)
            {
                if (change is AppendMessage append)
                {
                    var content = Own(append.Content, _context.Stage);
                    if (!held.Contains(content))
                    {
                        content.Hold();
                        held.Add(content);
                        weight += content.IsFile ? 0 : content.Length;
                    }

                    weight += append.Prefix.Length + append.Summary.Length;
                }
            }
        }

        return weight;
    }

    private IContentReader? OpenContent(long id)
    {
        while (true)
        {
            long size;
            using (var lease = _readers.Rent())
            {
                using var row = lease.Connection.Use(SelectContent).With(id);
                if (!row.Step())
                {
                    return null;
                }

                if (!row.IsNull(1))
                {
                    return new InlineContentReader(row.Blob(1));
                }

                size = row.Int64(0);
            }

            if (_context.Stage.Folder.Open(id) is { } file)
            {
                return new FileContentReader(file, size);
            }

            // Removed between the two reads, or lost.
            if (Read(db => Contents.IsKnown(db, id)))
            {
                throw new SqliteStoreException($"The message file '{_context.Stage.Folder.PathOf(id)}' is missing.");
            }
        }
    }

    private void Publish(AccountId account, ModSeq modSeq)
    {
        if (_accounts.TryGetValue(account, out var open))
        {
            open.Publish(modSeq);
        }
    }

    private void PublishOldestKept(long number, ModSeq modSeq)
    {
        foreach (var account in _accounts.Values)
        {
            if (account.Number == number)
            {
                account.PublishOldestKept(modSeq);
            }
        }
    }

    private void PublishStored(SqliteAccountStore account)
    {
        using var lease = _readers.Rent();
        using var row = lease.Connection.Use(SelectAccountState).With(account.Number);
        if (row.Step())
        {
            account.PublishOldestKept(new ModSeq(row.Int64(1)));
            account.Publish(new ModSeq(row.Int64(0)));
        }
    }

    private void Tick() => _ = TickAsync();

    private async Task TickAsync()
    {
        try
        {
            await MaintainAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            LogMaintenanceFailed(_logger, e);
        }
    }

    private async Task CloseAsync(Task maintaining)
    {
        await _timer.DisposeAsync();
        if (_text is not null)
        {
            await _text.DisposeAsync();
        }

        await maintaining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(Close);
    }

    private void Close()
    {
        _writer.Dispose();
        _readers.Dispose();
        _checkpointer.Dispose();
        _context.Stage.Dispose();
        try
        {
            _maintenance.Settle(_db, slack: 0);
            _db.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
        }
        catch (SqliteStoreException e)
        {
            // Everything is in the log, where the next opening finds it.
            LogCloseFailed(_logger, e);
        }

        _db.Dispose();
        _lock.Dispose();
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "Removing expired mail failed; it is tried again")]
    private static partial void LogMaintenanceFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Warning, Message = "The write-ahead log could not be written back at the end; the next start does it")]
    private static partial void LogCloseFailed(ILogger logger, Exception exception);
}
