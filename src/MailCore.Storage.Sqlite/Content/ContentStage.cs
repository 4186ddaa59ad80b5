using System.IO.Pipelines;
using MailCore.Storage.Sqlite.Database;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>Receives contents, and knows those that somebody still holds.</summary>
internal sealed class ContentStage(ContentFolder folder, ObjectIds ids, int inlineLimit) : IDisposable
{
    // Guards _live, and keeps an id from being taken without being in it.
    private readonly Lock _lock = new();
    private readonly Dictionary<long, SqliteStagedContent> _live = [];
    private readonly FileFlusher _flusher = new(folder);

    public ContentFolder Folder => folder;

    public int InlineLimit => inlineLimit;

    /// <summary>Ids below this one are not being received: their files, if any, have a row or are garbage.</summary>
    public long Settled
    {
        get
        {
            lock (_lock)
            {
                return _live.Count == 0 ? ids.Next : _live.Keys.Min();
            }
        }
    }

    public async ValueTask<StagedContent> StageAsync(PipeReader reader, long? expected, CancellationToken cancellationToken)
    {
        SqliteStagedContent content;
        lock (_lock)
        {
            var id = ids.Take();
            _live[id] = content = new SqliteStagedContent(this, id);
        }

        try
        {
            await content.ReceiveAsync(reader, expected, cancellationToken);
            return content;
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ids of contents that somebody holds.</summary>
    public long[] LiveIds()
    {
        lock (_lock)
        {
            return [.. _live.Keys];
        }
    }

    /// <summary>Whether a commit may still take this content.</summary>
    public bool IsLive(long id)
    {
        lock (_lock)
        {
            return _live.ContainsKey(id);
        }
    }

    public void Forget(SqliteStagedContent content, bool deleteFile)
    {
        try
        {
            if (deleteFile)
            {
                folder.Delete(content.Number);
            }
        }
        catch (IOException)
        {
            // Still known as live, it stays above the settled bound, and the next opening sweeps it.
            return;
        }

        lock (_lock)
        {
            _live.Remove(content.Number);
        }
    }

    /// <inheritdoc cref="FileFlusher.FlushAsync"/>
    public Task FlushAsync(SafeFileHandle file, long id) => _flusher.FlushAsync(file, id);

    public void Dispose() => _flusher.Dispose();
}
