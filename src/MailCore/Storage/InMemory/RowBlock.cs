namespace MailCore.Storage.InMemory;

/// <summary>What a row holds besides UID, flags, ModSeq and size.</summary>
/// <param name="Date">Internal date as <see cref="RowBlock.PackDate"/> has it.</param>
/// <param name="SaveDate">Seconds since 1970.</param>
/// <param name="EmailSerial">Names the message, unless <paramref name="KeptEmailId"/> does.</param>
/// <param name="KeptEmailId">An EMAILID from elsewhere.</param>
/// <param name="Content">Octets behind the prefix; the row has a claim on it.</param>
/// <param name="Prefix">Null when empty.</param>
/// <param name="Summary">Null when empty.</param>
internal readonly record struct RowDetails(
    long Date, long SaveDate, long EmailSerial, string? KeptEmailId, MemoryContent Content, byte[]? Prefix, byte[]? Summary);

/// <summary>
/// Up to <see cref="Capacity"/> rows as columns: 48 octets a row while their messages share one content. Immutable once its
/// transaction is published; a later transaction forks it. Forks share the arrays: rows behind the count of the older one are the
/// newer one's to write, a row below it is written only after the arrays were copied.
/// </summary>
internal sealed class RowBlock
{
    public const int Capacity = RowSegments.Capacity;

    private readonly long _transaction;
    private uint[] _uids;
    private ulong[] _flags;
    private long[] _modSeqs;
    private uint[] _sizes;
    private Column<long> _dates;
    private Column<long> _saveDates;
    private Column<long> _emailSerials;
    private Column<string?> _keptEmailIds;
    private Column<MemoryContent> _contents;
    private Column<byte[]?> _prefixes;
    private Column<byte[]?> _summaries;
    private int _ownFrom;
    private ColumnSegment? _columns;

    public RowBlock(long transaction, int capacity)
    {
        _transaction = transaction;
        _uids = new uint[capacity];
        _flags = new ulong[capacity];
        _modSeqs = new long[capacity];
        _sizes = new uint[capacity];
    }

    private RowBlock(RowBlock from, long transaction)
    {
        _transaction = transaction;
        _uids = from._uids;
        _flags = from._flags;
        _modSeqs = from._modSeqs;
        _sizes = from._sizes;
        _dates = from._dates;
        _saveDates = from._saveDates;
        _emailSerials = from._emailSerials;
        _keptEmailIds = from._keptEmailIds;
        _contents = from._contents;
        _prefixes = from._prefixes;
        _summaries = from._summaries;
        Count = _ownFrom = from.Count;
        MaxModSeq = from.MaxModSeq;
    }

    public int Count { get; private set; }

    public long MaxModSeq { get; private set; }

    public uint FirstUid => _uids[0];

    public uint LastUid => _uids[Count - 1];

    public static long PackDate(DateTimeOffset date) => (date.ToUnixTimeSeconds() << 11) | (uint)(date.TotalOffsetMinutes + 1024);

    public static DateTimeOffset UnpackDate(long packed) =>
        DateTimeOffset.FromUnixTimeSeconds(packed >> 11).ToOffset(TimeSpan.FromMinutes((packed & 2047) - 1024));

    public RowBlock Fork(long transaction) => _transaction == transaction ? this : new RowBlock(this, transaction);

    /// <summary>The row of a UID, or a negative number.</summary>
    public int Find(uint uid) => Array.BinarySearch(_uids, 0, Count, uid);

    public MailboxRow Row(int row) => new(new Uid(_uids[row]), _flags[row], new ModSeq(_modSeqs[row]), _sizes[row]);

    public RowDetails Details(int row) =>
        new(_dates[row], _saveDates[row], _emailSerials[row], _keptEmailIds[row], _contents[row], _prefixes[row], _summaries[row]);

    public MemoryContent Content(int row) => _contents[row];

    /// <summary>The rows as a load hands them out; shares the arrays when they are full, since then nothing writes to them any more.</summary>
    public ColumnSegment Columns() => _columns ??= _uids.Length == Count
        ? new ColumnSegment(_uids, _flags, _modSeqs, _sizes)
        : new ColumnSegment(_uids[..Count], _flags[..Count], _modSeqs[..Count], _sizes[..Count]);

    public void Add(MailboxRow row, in RowDetails details)
    {
        if (Count == _uids.Length)
        {
            var capacity = Math.Clamp(Count * 2, 8, Capacity);
            Array.Resize(ref _uids, capacity);
            Array.Resize(ref _flags, capacity);
            Array.Resize(ref _modSeqs, capacity);
            Array.Resize(ref _sizes, capacity);
            _ownFrom = 0;
        }

        var room = _uids.Length;
        _uids[Count] = row.Uid.Value;
        _flags[Count] = row.FlagWord;
        _modSeqs[Count] = row.ModSeq.Value;
        _sizes[Count] = row.Size;
        _dates.Add(details.Date, Count, room);
        _saveDates.Add(details.SaveDate, Count, room);
        _emailSerials.Add(details.EmailSerial, Count, room);
        _keptEmailIds.Add(details.KeptEmailId, Count, room);
        _contents.Add(details.Content, Count, room);
        _prefixes.Add(details.Prefix, Count, room);
        _summaries.Add(details.Summary, Count, room);
        MaxModSeq = Math.Max(MaxModSeq, row.ModSeq.Value);
        Count++;
    }

    public void SetFlags(int row, ulong flags, long modSeq)
    {
        if (row < _ownFrom)
        {
            _flags = _flags.AsSpan().ToArray();
            _modSeqs = _modSeqs.AsSpan().ToArray();
            _ownFrom = 0;
        }

        _flags[row] = flags;
        _modSeqs[row] = modSeq;
        MaxModSeq = Math.Max(MaxModSeq, modSeq);
    }

    public void SetSummary(int row, byte[]? summary) => _summaries.Replace(row, summary, Count, _uids.Length);

    /// <summary>Adds some of another block's rows.</summary>
    public void AddRows(RowBlock from, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            Add(from.Row(row), from.Details(row));
        }
    }

    /// <summary>Adds the rows changed after <paramref name="since"/> to the columns.</summary>
    public void CollectChanged(long since, ChangedRows into)
    {
        if (MaxModSeq <= since)
        {
            return;
        }

        for (var row = 0; row < Count; row++)
        {
            if (_modSeqs[row] > since)
            {
                into.Add(_uids[row], _flags[row], _modSeqs[row], _sizes[row]);
            }
        }
    }
}
