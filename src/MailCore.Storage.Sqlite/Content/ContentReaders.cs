using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>Octets copied out of the database when the reader was opened, so that no read of the database outlives a call.</summary>
internal sealed class InlineContentReader : IContentReader
{
    private readonly int _length;
    private byte[]? _octets;

    public InlineContentReader(ReadOnlySpan<byte> octets)
    {
        _length = octets.Length;
        _octets = ArrayPool<byte>.Shared.Rent(octets.Length);
        octets.CopyTo(_octets);
    }

    public long Length => _length;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var octets = _octets;
        ObjectDisposedException.ThrowIf(octets is null, this);
        return ValueTask.FromResult(ContentRange.Copy(octets.AsSpan(0, _length), offset, into.Span));
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _octets, null) is { } octets)
        {
            ArrayPool<byte>.Shared.Return(octets);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// A message's file. Reads run on the caller's thread: .NET would move them to another thread of the same pool, which costs more
/// than a read from the page cache.
/// </summary>
internal sealed class FileContentReader(SafeFileHandle file, long length) : IContentReader
{
    public long Length => length;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(ContentRange.Read(file, length, offset, into.Span));
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Ranges as <see cref="IContentReader.ReadAsync"/> has them.</summary>
internal static class ContentRange
{
    public static int Copy(ReadOnlySpan<byte> octets, long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= octets.Length)
        {
            return 0;
        }

        var part = octets[(int)offset..];
        part = part[..Math.Min(part.Length, into.Length)];
        part.CopyTo(into);
        return part.Length;
    }

    public static int Read(SafeFileHandle file, long length, long offset, Span<byte> into)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var wanted = (int)Math.Min(into.Length, Math.Max(0, length - offset));
        if (wanted == 0)
        {
            return 0;
        }

        var read = RandomAccess.Read(file, into[..wanted], offset);
        return read > 0 ? read : throw new EndOfStreamException("A message file is shorter than the database says.");
    }
}
