using System.Buffers;

namespace MailCore.Net;

/// <summary>A piece of received octets. Only the last of a chain grows.</summary>
internal sealed class OctetSegment : ReadOnlySequenceSegment<byte>
{
    private byte[] _octets = [];

    /// <summary>Octets in it.</summary>
    public int Count { get; private set; }

    public OctetSegment? Following => (OctetSegment?)Next;

    public Memory<byte> Room => _octets.AsMemory(Count);

    /// <summary>Starts it anew, empty, over an array.</summary>
    public void Use(byte[] octets)
    {
        _octets = octets;
        Count = 0;
        Memory = default;
        RunningIndex = 0;
        Next = null;
    }

    /// <summary>Gives the array back to whom it came from.</summary>
    public byte[] TakeArray()
    {
        var octets = _octets;
        Use([]);
        return octets;
    }

    /// <summary>Octets at the start of the room have been filled.</summary>
    public void Grow(int count)
    {
        Count += count;
        Memory = new ReadOnlyMemory<byte>(_octets, 0, Count);
    }

    public void Append(OctetSegment next)
    {
        next.RunningIndex = RunningIndex + Count;
        Next = next;
    }
}
