using System.Numerics;
using System.Runtime.Intrinsics;

namespace MailCore.Smtp.Wire;

/// <summary>What stands at the octet where a scan stopped.</summary>
internal enum DataFinding
{
    /// <summary>Nothing: the octets ended.</summary>
    None,

    /// <summary>A dot that begins a line: stuffing, or the end of data.</summary>
    Dot,

    /// <summary>An LF without a CR before it.</summary>
    BareLineFeed,

    /// <summary>An octet other than LF with a CR before it.</summary>
    BareCarriageReturn,

    /// <summary>A NUL.</summary>
    Nul,
}

/// <summary>
/// Looks through the octets that follow DATA, in pieces of any size, for all that is not content as it stands. A line begins behind
/// CRLF and nowhere else.
/// </summary>
/// <param name="maxLine">Octets of a line without its end; at least 64.</param>
internal struct DataScanner(int maxLine)
{
    private const int Block = 64;

    private bool _afterCr;
    private bool _atLineStart = true;
    private long _line;

    /// <summary>A dot means nothing: the octets are counted, not stuffed (RFC 3030 2).</summary>
    public bool IgnoresDots { get; init; }

    /// <summary>The octets so far end in a CR that an LF must follow.</summary>
    public readonly bool EndsInCr => _afterCr;

    /// <summary>Stop at dots only, to find the end of what is refused already.</summary>
    public bool IsLenient { get; set; }

    /// <summary>A line was longer than allowed.</summary>
    public bool HasLongLine { get; private set; }

    /// <summary>Returns how many octets from the start are content; <paramref name="finding"/> stands behind them.</summary>
    public int Scan(ReadOnlySpan<byte> octets, out DataFinding finding)
    {
        Span<byte> last = stackalloc byte[Block];
        for (var done = 0; done < octets.Length; done += Block)
        {
            var count = Math.Min(Block, octets.Length - done);
            if (count < Block)
            {
                octets[done..].CopyTo(last);
            }

            var at = ScanBlock(in count < Block ? ref last[0] : ref octets[done], count, out finding);
            if (finding != DataFinding.None)
            {
                return done + at;
            }
        }

        finding = DataFinding.None;
        return octets.Length;
    }

    /// <summary>Goes on behind a dot that was found.</summary>
    public void SkipDot() => _atLineStart = false;

    /// <summary>Goes on behind a bare LF that was found and has become CRLF. No dot behind it ends the data.</summary>
    public void SkipLineFeed()
    {
        HasLongLine |= _line > maxLine;
        (_line, _atLineStart) = (0, false);
    }

    // One bit per octet: a CR shifted by one must fall on an LF and the other way round.
    private int ScanBlock(ref readonly byte first, int count, out DataFinding finding)
    {
        var low = Vector256.LoadUnsafe(in first);
        var high = Vector256.LoadUnsafe(in first, Block / 2);
        var valid = ulong.MaxValue >> (Block - count);
        var cr = Match(low, high, '\r') & valid;
        var lf = Match(low, high, '\n') & valid;
        var afterCr = ((cr << 1) | (_afterCr ? 1UL : 0)) & valid;
        var ends = lf & afterCr;
        var starts = (ends << 1) | (_atLineStart ? 1UL : 0);
        var dots = IgnoresDots ? 0 : Match(low, high, '.') & starts & valid;
        var nul = Match(low, high, '\0') & valid;
        var found = IsLenient ? dots : dots | nul | (afterCr ^ lf);
        if (found == 0)
        {
            _afterCr = cr >> (count - 1) != 0;
            _atLineStart = ends >> (count - 1) != 0;
            Measure(lf, ends, count);
            finding = DataFinding.None;
            return count;
        }

        var at = BitOperations.TrailingZeroCount(found);
        var bit = 1UL << at;
        finding = (dots & bit) != 0 ? DataFinding.Dot
            : (lf & bit) != 0 ? DataFinding.BareLineFeed
            : (afterCr & bit) != 0 ? DataFinding.BareCarriageReturn
            : DataFinding.Nul;
        _afterCr = (afterCr & bit) != 0;
        _atLineStart = (starts & bit) != 0;
        Measure(lf & (bit - 1), ends, at);
        return at;
    }

    private static ulong Match(Vector256<byte> low, Vector256<byte> high, char octet)
    {
        var sought = Vector256.Create((byte)octet);
        return Vector256.Equals(low, sought).ExtractMostSignificantBits()
            | ((ulong)Vector256.Equals(high, sought).ExtractMostSignificantBits() << (Block / 2));
    }

    private void Measure(ulong lf, ulong ends, int count)
    {
        if (lf == 0)
        {
            // The last octet may be the CR of the line's end.
            _line += count;
            HasLongLine |= _line > maxLine + 1L;
            return;
        }

        // A second line in one block is shorter than any limit.
        var first = BitOperations.TrailingZeroCount(lf);
        HasLongLine |= _line + first - (long)((ends >> first) & 1) > maxLine;
        _line = count - 1 - BitOperations.Log2(lf);
    }
}
