using System.Buffers;
using System.Diagnostics;

namespace MailCore.Mime;

/// <summary>
/// The parts found so far, which of them are open, and the boundaries that would end them. Knows nothing of lines or header
/// fields. Part records and boundaries are kept in pooled arrays; not thread-safe.
/// </summary>
internal sealed class PartTree(MimeLimits limits)
{
    /// <summary>Longer ones can't stand on a line of a message (RFC 5322 2.1.1) and are taken for none.</summary>
    private const int MaxBoundary = 998;

    private PartRecord[] _parts = ArrayPool<PartRecord>.Shared.Rent(4);
    private OpenPart[] _open = ArrayPool<OpenPart>.Shared.Rent(8);
    private int _partCount;
    private int _openCount;
    private int _boundaryCount;
    private PooledBytes _boundaries;

    /// <summary>Encoded fields of the parts, one part's behind the other's.</summary>
    public PooledBytes Fields;

    /// <summary>Whether any line can be a delimiter.</summary>
    public bool HasBoundaries => _boundaryCount > 0;

    /// <summary>Octets from the start of a line that decide whether it is a delimiter.</summary>
    public int DelimiterLength { get; private set; }

    /// <summary>Comparisons with boundaries so far: the work that depends on more than the length of the message.</summary>
    public long Comparisons { get; private set; }

    public ref PartRecord Top => ref _parts[_open[_openCount - 1].Part];

    public ref PartRecord this[int index] => ref _parts[index];

    public int Count => _partCount;

    private bool HasRoom => _partCount < limits.Parts && Fields.Length < limits.SummaryOctets;

    /// <summary>Opens a part below the innermost open one; the first is the root and always possible.</summary>
    public void Open(long headerOffset)
    {
        if (_partCount == _parts.Length)
            Grow(ref _parts);

        if (_openCount == _open.Length)
            Grow(ref _open);

        var parent = _openCount == 0 ? -1 : _open[_openCount - 1].Part;
        if (parent >= 0)
            _parts[parent].Children++;

        _parts[_partCount] = new PartRecord { Parent = parent, HeaderOffset = headerOffset };
        _open[_openCount++] = new OpenPart { Part = _partCount++, BoundaryStart = _boundaries.Length };
    }

    /// <summary>Whether the innermost open part, a message, may be looked into; if not it becomes opaque.</summary>
    public bool TryNest()
    {
        if (_openCount < limits.Depth && HasRoom)
            return true;

        Top.Fields |= PartFields.Opaque;
        return false;
    }

    /// <summary>Makes the innermost open part end at lines that begin with "--" and the boundary.</summary>
    public void AddBoundary(ReadOnlySpan<byte> boundary)
    {
        if (_openCount >= limits.Depth)
        {
            Top.Fields |= PartFields.Opaque;
            return;
        }

        if (boundary.IsEmpty || boundary.Length > MaxBoundary)
            return;

        ref var open = ref _open[_openCount - 1];
        open.BoundaryLength = boundary.Length;
        _boundaries.Append(boundary);
        _boundaryCount++;
        MeasureDelimiters();
    }

    /// <summary>
    /// Whether the line's beginning is a delimiter of an open multipart. What follows the boundary doesn't matter (RFC 2046 5.1.1);
    /// of several boundaries the longest counts, of equal ones the innermost.
    /// </summary>
    public bool TryMatch(ReadOnlySpan<byte> line, out Delimiter delimiter)
    {
        delimiter = default;
        if (!line.StartsWith("--"u8))
            return false;

        line = line[2..];
        var longest = 0;
        for (var level = _openCount - 1; level >= 0; level--)
        {
            ref readonly var open = ref _open[level];
            if (open.BoundaryLength <= longest)
                continue;

            Comparisons++;
            if (line.StartsWith(_boundaries.Span.Slice(open.BoundaryStart, open.BoundaryLength)))
            {
                longest = open.BoundaryLength;
                delimiter = new Delimiter(level, line[longest..].StartsWith("--"u8));
            }
        }

        return longest > 0;
    }

    /// <summary>Ends the parts inside the multipart that a delimiter belongs to. Whether another part of it begins.</summary>
    public bool Apply(Delimiter delimiter, long end, long lines)
    {
        CloseAbove(delimiter.Level + 1, end, lines);
        if (delimiter.Closes)
        {
            CloseBoundary(ref _open[delimiter.Level]);
            MeasureDelimiters();
            return false;
        }

        if (HasRoom)
            return true;

        // The rest belongs to the multipart and to those around it, unread.
        Top.Fields |= PartFields.Opaque;
        for (var level = 0; level < _openCount; level++)
            CloseBoundary(ref _open[level]);

        return false;
    }

    /// <summary>Ends all parts and appends the tree: preorder, as <see cref="MimePart"/> reads it.</summary>
    public void Finish(long end, long lines, ref PooledBytes into)
    {
        CloseAbove(0, end, lines);
        for (var index = 0; index < _partCount; index++)
            Append(ref _parts[index], ref into);
    }

    public void Release()
    {
        ArrayPool<PartRecord>.Shared.Return(_parts);
        ArrayPool<OpenPart>.Shared.Return(_open);
        _parts = [];
        _open = [];
        _boundaries.Release();
        Fields.Release();
    }

    private void Append(ref PartRecord part, ref PooledBytes into)
    {
        Debug.Assert(part.BodyEnd >= part.BodyOffset, "A part ends behind its header.");
        var fields = part.Fields;
        if (part.Kind != MediaKind.Leaf)
        {
            // No part was found in it: what it says of itself is not true (see MimePart).
            if (part.Children == 0)
                fields &= ~PartFields.Type;
            else
                fields |= part.Kind == MediaKind.Multipart ? PartFields.Multipart : PartFields.Message;
        }

        if (fields.HasFlag(PartFields.Type))
            fields &= ~PartFields.Opaque;

        into.AppendNumber((int)fields);
        into.AppendNumber(part.HeaderOffset - (part.Parent < 0 ? 0 : _parts[part.Parent].BodyOffset));
        into.AppendNumber(part.BodyOffset - part.HeaderOffset);
        into.AppendNumber(part.BodyEnd - part.BodyOffset);
        into.AppendNumber(part.Lines);
        into.AppendNumber(part.Children);
        var skipped = fields.HasFlag(PartFields.Type) ? 0 : part.TypeLength;
        into.Append(Fields.Span.Slice(part.FieldsStart + skipped, part.FieldsLength - skipped));
        if (fields.HasFlag(PartFields.Message))
        {
            into.AppendNumber(part.EnvelopeLength);
            into.Append(Fields.Span.Slice(part.EnvelopeStart, part.EnvelopeLength));
        }
    }

    private void CloseAbove(int level, long end, long lines)
    {
        while (_openCount > level)
        {
            ref var open = ref _open[--_openCount];
            ref var part = ref _parts[open.Part];
            part.BodyEnd = end;
            part.Lines = lines - part.LinesBefore;
            CloseBoundary(ref open);
            _boundaries.Truncate(open.BoundaryStart);
        }

        MeasureDelimiters();
    }

    private void CloseBoundary(ref OpenPart open)
    {
        if (open.BoundaryLength > 0)
            _boundaryCount--;

        open.BoundaryLength = 0;
    }

    private void MeasureDelimiters()
    {
        var longest = 0;
        for (var level = 0; level < _openCount; level++)
            longest = Math.Max(longest, _open[level].BoundaryLength);

        DelimiterLength = longest + 4;
    }

    private static void Grow<T>(ref T[] array)
    {
        var larger = ArrayPool<T>.Shared.Rent(array.Length * 2);
        array.CopyTo(larger, 0);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }

    private struct OpenPart
    {
        public int Part;
        public int BoundaryStart;
        public int BoundaryLength;
    }
}

/// <summary>A line that ends a part.</summary>
/// <param name="Level">Of the multipart it belongs to, counted from the root.</param>
/// <param name="Closes">Whether it ends the multipart too.</param>
internal readonly record struct Delimiter(int Level, bool Closes);

/// <summary>How a part is looked into.</summary>
internal enum MediaKind : byte
{
    Leaf,
    Multipart,
    Message,
}

/// <summary>What is known of a part while the message is read. Offsets are in the message, starts and lengths in <see cref="PartTree.Fields"/>.</summary>
internal struct PartRecord
{
    public int Parent;
    public int Children;
    public PartFields Fields;
    public MediaKind Kind;
    public bool IsDigest;
    public long HeaderOffset;
    public long BodyOffset;
    public long BodyEnd;
    public long LinesBefore;
    public long Lines;
    public int FieldsStart;
    public int FieldsLength;
    public int TypeLength;
    public int EnvelopeStart;
    public int EnvelopeLength;
}
