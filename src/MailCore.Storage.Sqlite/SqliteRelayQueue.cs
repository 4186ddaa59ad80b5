using System.IO.Pipelines;
using MailCore.Relay;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Relaying;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// The relay's queue in a store's database. A message that is both delivered here and queued has its content once; it is never written
/// again, however often it is tried. Changes share the flushes of the store's deliveries. Thread-safe.
/// </summary>
public sealed partial class SqliteRelayQueue : IndexedRelayQueue, IAsyncDisposable
{
    private static readonly TimeSpan OrderInterval = TimeSpan.FromSeconds(1);

    // Guards _done and _obeying.
    private readonly Lock _stateLock = new();
    private readonly SqliteMailStore _store;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly HashSet<long> _done = [];
    private Task _obeying = Task.CompletedTask;
    private long _number;

    /// <summary>Reads what waits; the store stays the caller's to dispose, after this.</summary>
    public SqliteRelayQueue(SqliteMailStore store, ILogger<SqliteRelayQueue>? logger = null)
        : base((store ?? throw new ArgumentNullException(nameof(store))).Time)
    {
        (_store, _logger) = (store, logger ?? NullLogger<SqliteRelayQueue>.Instance);
        _number = store.Read(QueueRows.Last);
        _done.UnionWith(store.Read(QueueRows.ReadDone));
        Load(store.Read(QueueRows.ReadAll));
        _timer = store.Time.CreateTimer(static queue => ((SqliteRelayQueue)queue!).Tick(), this, OrderInterval, OrderInterval);
    }

    /// <inheritdoc/>
    public override ValueTask<IContentReader?> OpenContentAsync(QueueLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return _store.Read(db => QueueRows.ReadContent(db, lease.Item)) is { } content
            ? _store.OpenContentAsync(ContentIds.Format(content), cancellationToken)
            : new((IContentReader?)null);
    }

    /// <summary>Obeys no more orders.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Task obeying;
        lock (_stateLock)
        {
            obeying = _obeying;
        }

        await obeying;
    }

    /// <summary>Does what was asked for by <see cref="SqliteStoreFolder.ChangeQueueAsync"/>.</summary>
    internal async Task ObeyAsync()
    {
        try
        {
            foreach (var (id, filter, action) in _store.Read(QueueOrders.Read))
            {
                var items = await ChangeAsync(filter, action, CancellationToken.None);
                Obeyed(action, filter, items);
                await WriteAsync(db => QueueOrders.Done(db, id, items), CancellationToken.None);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidDataException)
        {
            ObeyFailed(error);
        }
    }

    /// <inheritdoc/>
    protected override long TakeNumbers(int count) => Interlocked.Add(ref _number, count) - count + 1;

    /// <inheritdoc/>
    protected override async ValueTask InsertAsync(
        QueueEntry entry, IReadOnlyList<(QueueRow Row, IReadOnlyList<QueueRecipient> Recipients)> items, StagedContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (content is SqliteStagedContent own && own.Stage == _store.Stage)
        {
            await InsertAsync(entry, items, own, cancellationToken);
            return;
        }

        var stream = new MessageContent(default, await content.OpenAsync(cancellationToken)).AsStream();
        await using (stream)
        {
            var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
            await using var staged = (SqliteStagedContent)await _store.StageAsync(pipe, new StageHint(content.Length, []), cancellationToken);
            await pipe.CompleteAsync();
            await InsertAsync(entry, items, staged, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask UpdateAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.Count == 0)
        {
            return;
        }

        long[] before;
        lock (_stateLock)
        {
            before = [.. _done];
        }

        var (done, left) = (new List<long>(), new List<long>());
        await WriteAsync(
            db =>
            {
                done.Clear();
                left.Clear();
                done.AddRange(before);
                foreach (var change in changes)
                {
                    QueueRows.Update(db, change, done);
                }

                left.AddRange(done.Where(message => !QueueRows.TryForget(db, _store.Stage, message)));
            },
            cancellationToken);
        lock (_stateLock)
        {
            _done.ExceptWith(before);
            _done.UnionWith(left);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<IReadOnlyList<QueueDetails?>> ReadAsync(IReadOnlyList<QueueRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new(_store.Read(db => rows.Select(row => QueueRows.ReadDetails(db, row.Item)).ToList()));
    }

    private async Task InsertAsync(
        QueueEntry entry, IReadOnlyList<(QueueRow Row, IReadOnlyList<QueueRecipient> Recipients)> items, SqliteStagedContent content, CancellationToken cancellationToken)
    {
        var encoded = QueueCodec.EncodeEntry(entry);
        var rows = items.Select(static item => (item.Row, QueueCodec.EncodeRecipients(item.Recipients))).ToList();
        content.Hold();
        try
        {
            await content.FlushAsync().WaitAsync(cancellationToken);
            if (await _store.WriteAsync(db => QueueRows.Insert(db, entry, encoded, rows, content), cancellationToken))
            {
                content.MarkCommitted();
            }
        }
        finally
        {
            content.Release();
        }
    }

    private Task<bool> WriteAsync(Action<Database.StoreConnection> write, CancellationToken cancellationToken) => _store.WriteAsync(
        db =>
        {
            write(db);
            return true;
        },
        cancellationToken);

    private void Tick()
    {
        lock (_stateLock)
        {
            if (_obeying.IsCompleted)
            {
                _obeying = Task.Run(ObeyAsync);
            }
        }
    }

    [LoggerMessage(EventId = 3201, Level = LogLevel.Information, Message = "An operator's {Action} of {Filter} was about {Items} items of the queue")]
    private partial void Obeyed(QueueAction action, QueueFilter filter, int items);

    [LoggerMessage(EventId = 3202, Level = LogLevel.Warning, Message = "Orders about the queue could not be read or done; they are tried again")]
    private partial void ObeyFailed(Exception exception);
}
