namespace MailCore.Load.Outbound;

/// <summary>One row: the messages that wait in a queue, for one destination, when a round begins.</summary>
internal sealed record RelayRow(string Name, int MessageSize, int Messages)
{
    private const int Kilobyte = 1024;

    public static IReadOnlyList<RelayRow> All { get; } = [new("relay-4k", 4 * Kilobyte, 10_000), new("relay-100k", 100 * Kilobyte, 1_000)];

    /// <summary>The rows whose names start with one of the words given.</summary>
    public static IReadOnlyList<RelayRow> Select(IReadOnlyList<string> words) =>
        [.. All.Where(row => words.Any(word => row.Name == word || row.Name.StartsWith(word + "-", StringComparison.Ordinal)))];
}
