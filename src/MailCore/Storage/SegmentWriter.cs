using System.Buffers;

namespace MailCore.Storage;

/// <summary>
/// Collects rows in UID order into segments of at most <see cref="RowSegments.Capacity"/>; takes whole segments over as they are
/// unless they are small enough to be joined with a neighbour.
/// </summary>
internal sealed class SegmentWriter(List<ColumnSegment> into) : IDisposable
{
    private const int Small = RowSegments.Capacity / 4;

    private uint[] _uids = [];
    private ulong[] _flags = [];
    private long[] _modSeqs = [];
    private uint[] _sizes = [];
    private int _count;

    public void Add(ColumnSegment segment)
    {
        if (segment.Count == 0)
        {
            return;
        }

        if (segment.Count <= RowSegments.Capacity && (_count == 0 || _count + segment.Count > RowSegments.Capacity || _count >= Small))
        {
            Flush();
            into.Add(segment);
        }
        else
        {
            Add(segment, 0, segment.Count);
        }
    }

    public void Add(ColumnSegment segment, int from, int to)
    {
        while (from < to)
        {
            Rent();
            var count = Math.Min(to - from, RowSegments.Capacity - _count);
            segment.Uids.AsSpan(from, count).CopyTo(_uids.AsSpan(_count));
            segment.Flags.AsSpan(from, count).CopyTo(_flags.AsSpan(_count));
            segment.ModSeqs.AsSpan(from, count).CopyTo(_modSeqs.AsSpan(_count));
            segment.Sizes.AsSpan(from, count).CopyTo(_sizes.AsSpan(_count));
            Advance(count);
            from += count;
        }
    }

    public void AddRow(ColumnSegment segment, int row)
    {
        Rent();
        _uids[_count] = segment.Uids[row];
        _flags[_count] = segment.Flags[row];
        _modSeqs[_count] = segment.ModSeqs[row];
        _sizes[_count] = segment.Sizes[row];
        Advance(1);
    }

    public void Flush()
    {
        if (_count > 0)
        {
            into.Add(new ColumnSegment(_uids[.._count], _flags[.._count], _modSeqs[.._count], _sizes[.._count]));
            _count = 0;
        }
    }

    public void Dispose()
    {
        if (_uids.Length > 0)
        {
            ArrayPool<uint>.Shared.Return(_uids);
            ArrayPool<ulong>.Shared.Return(_flags);
            ArrayPool<long>.Shared.Return(_modSeqs);
            ArrayPool<uint>.Shared.Return(_sizes);
            (_uids, _flags, _modSeqs, _sizes) = ([], [], [], []);
        }
    }

    private void Rent()
    {
        if (_uids.Length == 0)
        {
            _uids = ArrayPool<uint>.Shared.Rent(RowSegments.Capacity);
            _flags = ArrayPool<ulong>.Shared.Rent(RowSegments.Capacity);
            _modSeqs = ArrayPool<long>.Shared.Rent(RowSegments.Capacity);
            _sizes = ArrayPool<uint>.Shared.Rent(RowSegments.Capacity);
        }
    }

    private void Advance(int count)
    {
        _count += count;
        if (_count == RowSegments.Capacity)
        {
            Flush();
        }
    }
}
