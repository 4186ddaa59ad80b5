using System.Buffers;
using System.Numerics;

namespace MailCore.Mime;

/// <summary>A growing array from the pool. A mutable struct: keep it in a field and never copy it.</summary>
internal struct PooledBytes
{
    // Most values are short, and there are several of these for each message that is being received.
    private const int Least = 256;

    private byte[]? _array;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Span => _array.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(Reserve(octets.Length));
        Length += octets.Length;
    }

    public void Append(byte octet)
    {
        Reserve(1)[0] = octet;
        Length++;
    }

    /// <summary>See <see cref="SummaryReader.Number"/>.</summary>
    public void AppendNumber(long value)
    {
        var rest = (ulong)value;
        var into = Reserve(10);
        var count = 0;
        while (rest >= 0x80)
        {
            into[count++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        into[count++] = (byte)rest;
        Length += count;
    }

    /// <summary>Length and octets; NUL, which no IMAP string can hold, becomes '?', a stray CR or LF a space.</summary>
    public void AppendString(ReadOnlySpan<byte> octets)
    {
        AppendNumber(octets.Length);
        Append(octets);
        Clean(_array.AsSpan(Length - octets.Length, octets.Length));
    }

    /// <summary>Replaces the octets that no IMAP quoted string can hold.</summary>
    public static void Clean(Span<byte> octets)
    {
        if (!octets.ContainsAny((byte)0, (byte)'\r', (byte)'\n'))
            return;

        octets.Replace((byte)0, (byte)'?');
        octets.Replace((byte)'\r', (byte)' ');
        octets.Replace((byte)'\n', (byte)' ');
    }

    /// <summary>At least <paramref name="count"/> octets behind the last; what is written there counts after <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_array is null || _array.Length - Length < count)
            Grow(count);

        return _array.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    public void Truncate(int length) => Length = length;

    public void Release()
    {
        if (_array is not null)
            ArrayPool<byte>.Shared.Return(_array);

        _array = null;
        Length = 0;
    }

    private void Grow(int count)
    {
        var size = Math.Max(Least, (int)BitOperations.RoundUpToPowerOf2((uint)(Length + count)));
        var larger = ArrayPool<byte>.Shared.Rent(size);
        Span.CopyTo(larger);
        if (_array is not null)
            ArrayPool<byte>.Shared.Return(_array);

        _array = larger;
    }
}
