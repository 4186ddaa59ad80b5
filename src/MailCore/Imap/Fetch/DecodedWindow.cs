using System.Buffers;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Fetch;

/// <summary>
/// Takes what a decoder makes of a section: counts it, and looks at or passes on those octets that were asked for. Holds one piece
/// at a time.
/// </summary>
/// <param name="start">Octets before the window.</param>
/// <param name="length">Of the window.</param>
/// <param name="writer">Takes the window's octets; null to measure only.</param>
internal sealed class DecodedWindow(long start, long length, ImapWriter? writer) : IBufferWriter<byte>, IDisposable
{
    private const int PieceLength = 16 * 1024;

    private byte[] _piece = ArrayPool<byte>.Shared.Rent(PieceLength);

    /// <summary>Octets decoded.</summary>
    public long Total { get; private set; }

    /// <summary>Octets of the window so far.</summary>
    public long Kept => Math.Clamp(Total - start, 0, length);

    /// <summary>Whether there was a NUL in the window, which only a literal8 can carry.</summary>
    public bool HasNul { get; private set; }

    public bool IsFull => Kept == length;

    public void Advance(int count)
    {
        var from = (int)Math.Clamp(start - Total, 0, count);
        var kept = Kept;
        Total += count;
        var octets = _piece.AsSpan(from, (int)(Kept - kept));
        if (writer is null)
        {
            HasNul |= octets.Contains((byte)0);
        }
        else
        {
            writer.Raw(octets);
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece;
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _piece;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_piece);
        _piece = [];
    }

    private void Reserve(int sizeHint)
    {
        if (_piece.Length < sizeHint)
        {
            ArrayPool<byte>.Shared.Return(_piece);
            _piece = ArrayPool<byte>.Shared.Rent(sizeHint);
        }
    }
}
