using MailCore.Relay;
using MailCore.Storage.Sqlite.Accounts;
using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Relaying;
using MailCore.Storage.Sqlite.Traces;
using MailCore.Storage.Sqlite.Upkeep;
using SQLitePCL;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Looks at a store's folder without opening the store: while a server uses it, from the same process or another, or while none does.
/// Changes nothing but accounts, aliases, domains and limits, and a server that writes meanwhile is not held up. Thread-safe.
/// </summary>
public sealed class SqliteStoreFolder
{
    private static readonly TimeSpan OrderPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OrderPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Does not touch the folder yet.</summary>
    public SqliteStoreFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Folder = Path.GetFullPath(folder);
    }

    /// <summary>The full path.</summary>
    public string Folder { get; }

    /// <summary>
    /// Reads everything: the database's own structure, the octets of every message against their hash, every summary against the
    /// octets, the counters, and the message files. Changes nothing; what is wrong is in the report.
    /// </summary>
    /// <exception cref="SqliteStoreException">There is no store in the folder, or it is of another version.</exception>
    public Task<StoreCheckReport> CheckAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(db => new StoreCheck(db, Folder, progress, cancellationToken).Run(), cancellationToken);

    /// <summary>
    /// Copies the store as it is at one moment into a new folder, which can be opened as it is or put in the place of this one. What is
    /// committed after the beginning may or may not be in it.
    /// </summary>
    /// <param name="destination">Must be empty, or not exist; needs as much room as the store at most.</param>
    /// <param name="progress">Told of octets copied.</param>
    /// <param name="cancellationToken">Stops between files; what was copied stays.</param>
    /// <exception cref="SqliteStoreException">There is no store in the folder, or the destination is not empty.</exception>
    public Task<StoreBackupReport> BackupAsync(string destination, IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        return RunAsync(db => new StoreBackup(db, Folder, Path.GetFullPath(destination), progress, cancellationToken).Run(), cancellationToken);
    }

    /// <summary>What each account uses, in the order of their ids.</summary>
    /// <exception cref="SqliteStoreException">There is no store in the folder.</exception>
    public Task<IReadOnlyList<AccountUsage>> ReadUsageAsync(CancellationToken cancellationToken = default) => RunAsync(UsageReport.Read, cancellationToken);

    /// <summary>
    /// The accounts, aliases and domains of the store in the folder: read and changed while a server uses it, which obeys from its next
    /// look-up on. Its calls throw <see cref="SqliteStoreException"/> when there is no store.
    /// </summary>
    public SqliteMailDirectory OpenDirectory() => new(new FolderDatabase(Folder), Authentication.PasswordHash.Iterations);

    /// <summary>
    /// Sets the limits of an account, in octets and in messages; null lifts one. A server that uses the folder obeys at once, or, where it
    /// has just found the account without a limit, within seconds. False when there is no such account.
    /// </summary>
    public Task<bool> SetQuotaAsync(AccountId account, long? octets, long? messages, CancellationToken cancellationToken = default) =>
        new FolderDatabase(Folder).WriteAsync(db => UserRows.SetLimits(db, account, octets, messages), cancellationToken);

    /// <summary>What became of a message: as <see cref="Delivery.IMessageTrace.FindAsync"/> says, up to a second ago.</summary>
    public ValueTask<IReadOnlyList<Delivery.MessageStep>> FindTraceAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(new FolderDatabase(Folder).Read(db => TraceRows.Find(db, name)));
    }

    /// <summary>What waits in the relay's queue, oldest first. A server that has it open may be trying some of it.</summary>
    /// <exception cref="SqliteStoreException">There is no store in the folder.</exception>
    public Task<IReadOnlyList<QueuedItem>> ReadQueueAsync(QueueFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return RunAsync(db => QueueReport.Read(db, filter), cancellationToken);
    }

    /// <summary>
    /// Holds, releases, retries or deletes what waits in the relay's queue, by the server that has it open; where none does, here. Returns how many items it was about.
    /// </summary>
    /// <exception cref="SqliteStoreException">There is no store in the folder, or the server that has it open works off no queue.</exception>
    public async Task<int> ChangeQueueAsync(QueueFilter filter, QueueAction action, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (await TryChangeClosedQueueAsync(filter, action, cancellationToken) is { } changed)
        {
            return changed;
        }

        var database = new FolderDatabase(Folder);
        var order = await database.WriteAsync(db => QueueOrders.Give(db, filter, action), cancellationToken);
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < OrderPatience)
            {
                if (database.Read(db => QueueOrders.ReadAnswer(db, order)) is { } items)
                {
                    return items;
                }

                await Task.Delay(OrderPoll, cancellationToken);
            }
        }
        finally
        {
            await database.WriteAsync(
                db =>
                {
                    QueueOrders.Forget(db, order);
                    return true;
                },
                CancellationToken.None);
        }

        throw new SqliteStoreException($"The process that uses '{Folder}' did not answer within {OrderPatience.TotalSeconds:N0} s. Is it a server with a relay?");
    }

    private async Task<int?> TryChangeClosedQueueAsync(QueueFilter filter, QueueAction action, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(Folder, SqliteMailStore.DatabaseName)))
        {
            throw new SqliteStoreException($"There is no mail store in '{Folder}'.");
        }

        SqliteMailStore store;
        try
        {
            store = SqliteMailStore.Open(Folder);
        }
        catch (SqliteStoreException error) when (error.InnerException is IOException)
        {
            // In use.
            return null;
        }

        await using (store)
        {
            await using var queue = new SqliteRelayQueue(store);
            return await queue.ChangeAsync(filter, action, cancellationToken);
        }
    }

    private Task<T> RunAsync<T>(Func<StoreConnection, T> work, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            Batteries_V2.Init();
            var path = Path.Combine(Folder, SqliteMailStore.DatabaseName);
            if (!File.Exists(path))
            {
                throw new SqliteStoreException($"There is no mail store in '{Folder}'.");
            }

            using var db = StoreConnection.OpenReader(path);
            Schema.RequireCurrent(db, Folder);
            return work(db);
        },
        cancellationToken);
}
