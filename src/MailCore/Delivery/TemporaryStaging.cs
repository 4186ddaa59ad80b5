using System.Buffers;
using System.IO.Pipelines;
using MailCore.Storage;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Delivery;

/// <summary>
/// Staging without a store: small messages wait in pooled memory, larger ones in a file that is deleted when they are disposed. No
/// summary is made, and no store can commit what is staged here. Thread-safe.
/// </summary>
public sealed class TemporaryStaging : IMessageStaging
{
    /// <summary>Octets up to which a message stays in memory.</summary>
    public const int MaxInMemory = 64 * 1024;

    private readonly string _folder;

    /// <summary>Files are made in <paramref name="folder"/>, by default the system's temporary folder.</summary>
    public TemporaryStaging(string? folder = null) => _folder = folder ?? Path.GetTempPath();

    /// <inheritdoc/>
    public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var content = new Content(_folder);
        try
        {
            while (true)
            {
                var result = await message.ReadAsync(cancellationToken).ConfigureAwait(false);
                foreach (var segment in result.Buffer)
                {
                    await content.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                }

                message.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return new StagedMessage(content, ReadOnlyMemory<byte>.Empty);
                }
            }
        }
        catch
        {
            await content.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private sealed class Content(string folder) : StagedContent
    {
        private byte[] _memory = ArrayPool<byte>.Shared.Rent(4 * 1024);
        private FileStream? _stream;
        private SafeFileHandle? _file;
        private long _length;
        private bool _isDisposed;

        public override ContentId Id { get; } = new(Guid.NewGuid().ToString("N"));

        public override long Length => _length;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
        {
            if (_file is null && _length + octets.Length <= MaxInMemory)
            {
                Reserve((int)_length + octets.Length);
                octets.CopyTo(_memory.AsMemory((int)_length));
            }
            else
            {
                if (_file is null)
                {
                    _stream = new FileStream(Path.Combine(folder, $"mailcore-{Id}"), FileRule());
                    _file = _stream.SafeFileHandle;
                    await RandomAccess.WriteAsync(_file, _memory.AsMemory(0, (int)_length), 0, cancellationToken).ConfigureAwait(false);
                }

                await RandomAccess.WriteAsync(_file, octets, _length, cancellationToken).ConfigureAwait(false);
            }

            _length += octets.Length;
        }

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return ValueTask.FromResult<IContentReader>(new Reader(this));
        }

        public override ValueTask DisposeAsync()
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                ArrayPool<byte>.Shared.Return(_memory);
                _memory = [];
                _stream?.Dispose();
            }

            return default;
        }

        private static FileStreamOptions FileRule()
        {
            var rule = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                Options = FileOptions.DeleteOnClose,
                BufferSize = 0,
            };
            if (!OperatingSystem.IsWindows())
            {
                // The temporary folder is everybody's.
                rule.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return rule;
        }

        private void Reserve(int count)
        {
            if (count > _memory.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(count, _memory.Length * 2));
                _memory.AsSpan(0, (int)_length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_memory);
                _memory = larger;
            }
        }

        private sealed class Reader(Content content) : IContentReader
        {
            public long Length => content._length;

            public async ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
            {
                ObjectDisposedException.ThrowIf(content._isDisposed, content);
                if (content._file is { } file)
                {
                    return await RandomAccess.ReadAsync(file, into, offset, cancellationToken).ConfigureAwait(false);
                }

                var count = (int)Math.Clamp(content._length - offset, 0, into.Length);
                content._memory.AsMemory((int)Math.Min(offset, content._length), count).CopyTo(into);
                return count;
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
