namespace MailCore.Imap.Sorting;

/// <summary>Takes the places of a column for the texts that stand there.</summary>
internal sealed class TextColumnComparer(TextColumn column) : IEqualityComparer<int>
{
    public bool Equals(int x, int y) => column[x].SequenceEqual(column[y]);

    public int GetHashCode(int obj)
    {
        var hash = default(HashCode);
        hash.AddBytes(column[obj]);
        return hash.ToHashCode();
    }
}
