namespace MailCore.Storage.InMemory;

/// <summary>Collects rows of any number into columns.</summary>
internal sealed class ChangedRows
{
    private readonly List<uint> _uids = [];
    private readonly List<ulong> _flags = [];
    private readonly List<long> _modSeqs = [];
    private readonly List<uint> _sizes = [];

    public int Count => _uids.Count;

    public void Add(uint uid, ulong flags, long modSeq, uint size)
    {
        _uids.Add(uid);
        _flags.Add(flags);
        _modSeqs.Add(modSeq);
        _sizes.Add(size);
    }

    public ColumnSegment ToSegment() =>
        _uids.Count == 0 ? ColumnSegment.Empty : new ColumnSegment([.. _uids], [.. _flags], [.. _modSeqs], [.. _sizes]);
}
