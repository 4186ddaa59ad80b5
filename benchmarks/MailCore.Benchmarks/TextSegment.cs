using System.Buffers;

namespace MailCore.Benchmarks;

/// <summary>Cuts octets into the segments of a sequence.</summary>
internal sealed class TextSegment : ReadOnlySequenceSegment<byte>
{
    private TextSegment(ReadOnlyMemory<byte> octets, long runningIndex) => (Memory, RunningIndex) = (octets, runningIndex);

    /// <param name="octets">All octets.</param>
    /// <param name="length">Octets of each segment but the last; 0 makes one of all.</param>
    public static ReadOnlySequence<byte> Sequence(ReadOnlyMemory<byte> octets, int length)
    {
        if (length == 0)
        {
            return new ReadOnlySequence<byte>(octets);
        }

        var first = new TextSegment(octets[..Math.Min(length, octets.Length)], 0);
        var last = first;
        for (var at = length; at < octets.Length; at += length)
        {
            var next = new TextSegment(octets.Slice(at, Math.Min(length, octets.Length - at)), at);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
