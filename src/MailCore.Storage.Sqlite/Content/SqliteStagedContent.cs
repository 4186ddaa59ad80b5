using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>
/// Octets received: in a pooled buffer, or in the file that they will stay in. Its owner, each reader of it and each commit
/// under way hold it; with the last one go the buffer, and the file when no commit took it.
/// </summary>
internal sealed class SqliteStagedContent : StagedContent
{
    private readonly ContentStage _stage;
    private readonly Lock _lock = new();
    private readonly byte[] _hash = new byte[SHA256.HashSizeInBytes];
    private byte[]? _buffer;
    private SafeFileHandle? _file;
    private Task? _flush;
    private long _length;
    private int _holders = 1;
    private bool _disposed;
    private bool _committed;

    internal SqliteStagedContent(ContentStage stage, long number) => (_stage, Number) = (stage, number);

    /// <summary>Its key in the content table, and its file's name.</summary>
    public long Number { get; }

    public override ContentId Id => ContentIds.Format(Number);

    public override long Length => _length;

    public ContentStage Stage => _stage;

    /// <summary>Whether the octets are in a file.</summary>
    public bool IsFile => _file is not null;

    /// <summary>SHA-256 of the octets.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>The octets where there is no file; only for holders.</summary>
    public ReadOnlySpan<byte> Octets => _buffer.AsSpan(0, (int)_length);

    public async ValueTask ReceiveAsync(PipeReader reader, long? expected, CancellationToken cancellationToken)
    {
        using var receiver = new ContentReceiver(_stage.Folder, Number, _stage.InlineLimit);
        try
        {
            await receiver.ReceiveAsync(reader, expected, cancellationToken);
        }
        finally
        {
            _file = receiver.File;
            _length = receiver.Length;
        }

        receiver.ReadHash(_hash);
        _buffer = _file is null ? receiver.TakeBuffer() : null;
    }

    public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Hold();
        return ValueTask.FromResult<IContentReader>(new Reader(this));
    }

    /// <summary>Keeps the octets past the owner's disposal; throws when that has happened.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _holders++;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_holders > 0)
            {
                return;
            }
        }

        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _file?.Dispose();
        _stage.Forget(this, deleteFile: _file is not null && !Volatile.Read(ref _committed));
    }

    /// <summary>By the writer: a row speaks of these octets now.</summary>
    public void MarkCommitted() => Volatile.Write(ref _committed, true);

    /// <summary>
    /// Completes when the octets are where a power cut can't reach them or, without a file, at once. A flush that failed stays
    /// failed: the system forgets what it could not write, and a second flush would succeed without it.
    /// </summary>
    public Task FlushAsync()
    {
        if (_file is not { } file)
        {
            return Task.CompletedTask;
        }

        lock (_lock)
        {
            return _flush ??= _stage.FlushAsync(file, Number);
        }
    }

    public override ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return ValueTask.CompletedTask;
            }

            _disposed = true;
        }

        Release();
        return ValueTask.CompletedTask;
    }

    private sealed class Reader(SqliteStagedContent content) : IContentReader
    {
        private int _disposed;

        public long Length => content._length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            return ValueTask.FromResult(content._file is { } file
                ? ContentRange.Read(file, content._length, offset, into.Span)
                : ContentRange.Copy(content.Octets, offset, into.Span));
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                content.Release();
            }

            return ValueTask.CompletedTask;
        }
    }
}
