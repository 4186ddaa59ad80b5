using System.Buffers;

namespace MailCore.Smtp.Wire;

/// <summary>Octets that a pipe reader could not hand out where they stood, in one pooled buffer that is rented when first needed.</summary>
internal struct HeldOctets
{
    /// <summary>Enough to hand out; more is held only for a reader that examines without consuming.</summary>
    public const int Capacity = 4 * 1024;

    private byte[]? _buffer;
    private int _start;

    /// <summary>Octets held.</summary>
    public int Count { get; private set; }

    /// <summary>Octets that can be added before there is enough to hand out.</summary>
    public readonly int Room => Math.Max(0, Capacity - Count);

    public readonly ReadOnlySequence<byte> Sequence => _buffer is null ? default : new ReadOnlySequence<byte>(_buffer, _start, Count);

    public void Add(ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(Reserve(octets.Length));
        Count += octets.Length;
    }

    public void Add(in ReadOnlySequence<byte> octets)
    {
        var count = checked((int)octets.Length);
        octets.CopyTo(Reserve(count));
        Count += count;
    }

    /// <summary>Gives the buffer back with the last octet: a message that waits for its client holds none.</summary>
    public void Consume(int count)
    {
        _start += count;
        Count -= count;
        if (Count == 0)
        {
            Clear();
        }
    }

    /// <summary>Keeps the first octets only.</summary>
    public void Truncate(int count)
    {
        Count = count;
        if (Count == 0)
        {
            Clear();
        }
    }

    public void Clear()
    {
        if (_buffer is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        this = default;
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(count, Capacity));
        }
        else if (_buffer.Length - _start - Count < count)
        {
            var larger = Count + count <= _buffer.Length ? _buffer : ArrayPool<byte>.Shared.Rent(Math.Max(Count + count, _buffer.Length * 2));
            _buffer.AsSpan(_start, Count).CopyTo(larger);
            if (larger != _buffer)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
            _start = 0;
        }

        return _buffer.AsSpan(_start + Count, count);
    }
}
