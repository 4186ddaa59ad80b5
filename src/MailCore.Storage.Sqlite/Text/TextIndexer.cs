using System.Buffers;
using MailCore.Mime;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;
using Microsoft.Extensions.Logging;

namespace MailCore.Storage.Sqlite.Text;

/// <summary>Puts messages that wait into the text index, behind the deliveries: nobody waits for it.</summary>
/// <remarks>
/// Texts are read and decoded on the thread pool; only the index itself is written by the writer, a few messages at a time. A message
/// leaves the queue in the transaction that indexes it, so that a search, which looks into what waits, misses none, and the end of the
/// process loses none.
/// </remarks>
internal sealed partial class TextIndexer : IAsyncDisposable
{
    /// <summary>Characters of one message; a longer one is always looked into.</summary>
    public const int MaxLength = 256 * 1024;

    private const int PageSize = 128;

    /// <summary>Characters written in one transaction, the last message's apart.</summary>
    private const int BatchLength = 512 * 1024;

    private static readonly Sql SelectWaiting = new("SELECT message FROM text_queue WHERE given_up = 0 ORDER BY message LIMIT ?1");
    private static readonly Sql SelectMessage = new("SELECT content, prefix, summary FROM message WHERE id = ?1");
    private static readonly Sql DeleteWaiting = new("DELETE FROM text_queue WHERE message = ?1");
    private static readonly Sql GiveUp = new("UPDATE text_queue SET given_up = 1 WHERE message = ?1");
    private static readonly Sql Insert = new("INSERT INTO text(rowid, header, body) VALUES (?1, ?2, ?3)");
    private static readonly Sql SelectCandidates = new("""
        WITH found(message) AS (SELECT rowid FROM text WHERE text MATCH ?2 UNION ALL SELECT message FROM text_queue)
        SELECT uid FROM entry WHERE mailbox = ?1 AND message IN found
        UNION SELECT uid FROM expunged WHERE mailbox = ?1 AND message IN found
        """);

    private readonly SqliteMailStore _store;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(1);
    private readonly SemaphoreSlim _one = new(1);
    private readonly Task _loop;

    public TextIndexer(SqliteMailStore store, ILogger logger)
    {
        (_store, _logger) = (store, logger);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Something may wait. May be called after the disposal: commits under way end later.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>See <see cref="IMessageSearch.FindCandidatesAsync"/>.</summary>
    public UidSet? FindCandidates(long mailbox, string text, MessageTextScope scope) =>
        FoldedText.Query(text, scope) is not { } query ? null : _store.Read(db =>
        {
            var uids = new List<Uid>();
            using var row = db.Use(SelectCandidates).With(mailbox).With(query);
            while (row.Step())
            {
                uids.Add(new Uid((uint)row.Int64(0)));
            }

            return UidSet.From(uids);
        });

    /// <summary>Indexes all that waits now.</summary>
    public async Task RunAsync()
    {
        await _one.WaitAsync(_stop.Token);
        try
        {
            while (ReadWaiting() is { Count: > 0 } page)
            {
                for (var next = 0; next < page.Count;)
                {
                    var batch = new List<(long Message, (string Header, string Body)? Texts)>();
                    for (var length = 0; next < page.Count && length < BatchLength; next++)
                    {
                        _stop.Token.ThrowIfCancellationRequested();
                        var texts = await ReadTextsAsync(page[next]);
                        batch.Add((page[next], texts));
                        length += texts is { } known ? known.Header.Length + known.Body.Length : 0;
                    }

                    await _store.WriteAsync(db => Write(db, batch), CancellationToken.None);
                }
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private static bool Write(StoreConnection db, List<(long Message, (string Header, string Body)? Texts)> batch)
    {
        foreach (var (message, texts) in batch)
        {
            db.Use(texts is null ? GiveUp : DeleteWaiting).With(message).Run();

            // It may have been removed meanwhile, and its place in the queue with it.
            if (texts is { } known && db.Changes > 0)
            {
                db.Use(Insert).With(message).With(known.Header).With(known.Body).Run();
            }
        }

        return true;
    }

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(_stop.Token);
                try
                {
                    await RunAsync();
                }
                catch (IOException e)
                {
                    // What waits is found by looking into it. The next delivery tries again.
                    LogFailed(_logger, e);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The store is closing.
        }
    }

    private List<long> ReadWaiting() => _store.Read(static db =>
    {
        var page = new List<long>(PageSize);
        using var row = db.Use(SelectWaiting).With(PageSize);
        while (row.Step())
        {
            page.Add(row.Int64(0));
        }

        return page;
    });

    /// <summary>Null for a message that is too long, or can't be read.</summary>
    private async Task<(string Header, string Body)?> ReadTextsAsync(long message)
    {
        var (content, prefix, summary) = _store.Read(db =>
        {
            using var row = db.Use(SelectMessage).With(message);
            return row.Step() ? (row.Int64(0), row.Blob(1).ToArray(), row.Blob(2).ToArray()) : (0L, [], []);
        });
        try
        {
            if (content == 0 || await _store.OpenContentAsync(ContentIds.Format(content), _stop.Token) is not { } reader)
            {
                return null;
            }

            await using var octets = new MessageContent(prefix, reader);
            return await ReadTextsAsync(octets, prefix.Length, MessageSummary.TryDecode(summary, out var known) ? known : await SummarizeAsync(octets, prefix.Length));
        }
        catch (IOException e)
        {
            LogFailed(_logger, e);
            return null;
        }
    }

    private async Task<(string Header, string Body)?> ReadTextsAsync(MessageContent octets, int prefixLength, MessageSummary summary)
    {
        var block = new byte[prefixLength + summary.Root.HeaderLength];
        for (var filled = 0; filled < block.Length && await octets.ReadAsync(filled, block.AsMemory(filled), _stop.Token) is > 0 and var count; filled += count)
        {
        }

        var (header, body) = (new ArrayBufferWriter<char>(), new ArrayBufferWriter<char>());
        MessageText.Prepare(MessageText.OfHeader(block), header);
        await MessageText.ReadBodyAsync(
            octets, prefixLength, summary,
            (text, begins) =>
            {
                if (begins)
                {
                    body.Write("\n");
                }

                MessageText.Prepare(text, body);
                return body.WrittenCount <= MaxLength;
            },
            _stop.Token);
        return body.WrittenCount <= MaxLength ? (FoldedText.Of(header.WrittenSpan), FoldedText.Of(body.WrittenSpan)) : null;
    }

    private async Task<MessageSummary> SummarizeAsync(MessageContent octets, int prefixLength)
    {
        var summarizer = new MessageSummarizer();
        var buffer = new byte[32 * 1024];
        var offset = (long)prefixLength;
        for (int count; (count = await octets.ReadAsync(offset, buffer, _stop.Token)) > 0; offset += count)
        {
            summarizer.Push(buffer.AsSpan(0, count));
        }

        return summarizer.Complete();
    }

    [LoggerMessage(EventId = 3103, Level = LogLevel.Warning, Message = "A message could not be put into the text index; searches read it instead")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
