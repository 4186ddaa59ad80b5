using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>Makes again what can be made from the messages. Reads beside the writer, and changes a page at a time.</summary>
internal sealed class IndexRebuild(SqliteMailStore store, ContentFolder folder, IProgress<WorkProgress>? progress)
{
    private const int MaxProblems = 1000;

    private static readonly Sql UpdateSummary = new("UPDATE message SET summary = ?2 WHERE id = ?1");
    private static readonly Sql UpdateHash = new("UPDATE content SET hash = ?2 WHERE id = ?1 AND hash IS NULL");

    private readonly List<StoreProblem> _problems = [];
    private long _messages;
    private long _summaries;
    private long _hashes;

    public async Task<IndexRebuildReport> RunAsync(CancellationToken cancellationToken)
    {
        using var db = StoreConnection.OpenReader(Path.Combine(store.Folder, SqliteMailStore.DatabaseName));
        var verifier = new ContentVerifier(db, folder);
        var total = MessagePages.CountAll(db);
        foreach (var page in MessagePages.ReadAll(db))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await RebuildAsync(db, verifier, page, cancellationToken);
            progress?.Report(new WorkProgress("Reading messages", _messages, Math.Max(total, _messages)));
        }

        progress?.Report(new WorkProgress("Rebuilding the database's indexes", 0, 0));
        var counters = await store.WriteAsync(Correct, cancellationToken);
        return new IndexRebuildReport(_messages, _summaries, _hashes, counters, _problems);
    }

    private static long Correct(StoreConnection db)
    {
        db.Execute("REINDEX");
        var changed = 0L;
        foreach (var correction in Consistency.Corrections)
        {
            db.Use(correction).Run();
            changed += db.Changes;
        }

        return changed;
    }

    private async Task RebuildAsync(StoreConnection db, ContentVerifier verifier, List<MessageDetail> page, CancellationToken cancellationToken)
    {
        var summaries = new List<(long Id, ReadOnlyMemory<byte> Summary)>();
        var hashes = new Dictionary<long, byte[]>();
        foreach (var message in page)
        {
            _messages++;
            if (verifier.Verify(message.Content) is not { Problem: null } content)
            {
                Report(MessagePages.Place(db, message.Id), verifier.Verify(message.Content)?.Problem ?? "its octets are not in the database");
                continue;
            }

            if (!content.Summary.Span.SequenceEqual(message.Summary))
            {
                summaries.Add((message.Id, content.Summary));
            }

            if (!content.HasHash)
            {
                hashes[message.Content] = content.Hash;
            }
        }

        if (summaries.Count == 0 && hashes.Count == 0)
        {
            return;
        }

        _summaries += summaries.Count;
        _hashes += await store.WriteAsync(
            writer =>
            {
                foreach (var (id, summary) in summaries)
                {
                    writer.Use(UpdateSummary).With(id).With(summary.Span).Run();
                }

                var added = 0L;
                foreach (var (id, hash) in hashes)
                {
                    writer.Use(UpdateHash).With(id).With(hash).Run();
                    added += writer.Changes;
                }

                return added;
            },
            cancellationToken);
    }

    private void Report(string where, string what)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new StoreProblem(where, what));
        }
    }
}
