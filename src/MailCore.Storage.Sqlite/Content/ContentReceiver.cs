using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>
/// Takes in the octets of one message: small ones into a pooled buffer, larger ones through a small buffer into their file. The
/// file is written with synchronous calls, which end in the page cache; only flushing waits for the disk, and that happens at
/// the commit.
/// </summary>
internal sealed class ContentReceiver(ContentFolder folder, long id, int inlineLimit) : IDisposable
{
    private const int FirstBuffer = 4 * 1024;
    private const int FileBuffer = 16 * 1024;

    private byte[] _buffer = [];
    private IncrementalHash? _hash;
    private int _filled;
    private long _written;

    /// <summary>Null when the octets fitted into <see cref="TakeBuffer"/>.</summary>
    public SafeFileHandle? File { get; private set; }

    /// <summary>Octets received.</summary>
    public long Length => _written + _filled;

    public async ValueTask ReceiveAsync(PipeReader reader, long? expected, CancellationToken cancellationToken)
    {
        if (expected > inlineLimit)
        {
            Spill();
        }
        else
        {
            _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(expected ?? 0, Math.Min(FirstBuffer, inlineLimit), inlineLimit));
        }

        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            if (result.IsCanceled)
            {
                throw new OperationCanceledException();
            }

            foreach (var segment in result.Buffer)
            {
                Add(segment.Span);
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        if (File is not null)
        {
            WriteBuffer();
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    /// <summary>SHA-256 of all that was received; once, and before the buffer is taken.</summary>
    public void ReadHash(Span<byte> into)
    {
        if (_hash is null)
        {
            SHA256.HashData(_buffer.AsSpan(0, _filled), into);
        }
        else
        {
            _hash.GetHashAndReset(into);
        }
    }

    /// <summary>Hands over the pooled buffer, of which <see cref="Length"/> octets count.</summary>
    public byte[] TakeBuffer()
    {
        var buffer = _buffer;
        _buffer = [];
        return buffer;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        _hash?.Dispose();
    }

    private void Add(ReadOnlySpan<byte> octets)
    {
        if (File is null && _filled + octets.Length > inlineLimit)
        {
            Spill();
        }

        if (File is null)
        {
            Grow(_filled + octets.Length);
        }
        else if (_filled + octets.Length > _buffer.Length)
        {
            WriteBuffer();
            if (octets.Length >= _buffer.Length)
            {
                Write(octets);
                return;
            }
        }

        octets.CopyTo(_buffer.AsSpan(_filled));
        _filled += octets.Length;
    }

    private void Grow(int needed)
    {
        if (needed <= _buffer.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(inlineLimit, Math.Max(needed, _buffer.Length * 2)));
        _buffer.AsSpan(0, _filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Spill()
    {
        File = folder.Create(id);
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        WriteBuffer();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = ArrayPool<byte>.Shared.Rent(FileBuffer);
    }

    private void WriteBuffer()
    {
        Write(_buffer.AsSpan(0, _filled));
        _filled = 0;
    }

    private void Write(ReadOnlySpan<byte> octets)
    {
        RandomAccess.Write(File!, octets, _written);
        _hash!.AppendData(octets);
        _written += octets.Length;
    }
}
