namespace MailCore.Load;

internal enum SinkKind
{
    /// <summary>Messages are taken and dropped; the references are the bare pipe loop and smtp-sink.</summary>
    Discard,

    /// <summary>Messages are stored in the durable store; the reference is the disk's fdatasync rate.</summary>
    Durable,
}

/// <summary>
/// One row of the table: where the messages go, their octets, over how many connections, whether a connection carries many
/// messages or one and QUIT, and the messages of a round.
/// </summary>
internal sealed record LoadRow(SinkKind Sink, int MessageSize, int Connections, bool Kept, int Messages)
{
    private const int Kilobyte = 1024;
    private const int Megabyte = 1024 * Kilobyte;

    public static IReadOnlyList<LoadRow> All { get; } =
    [
        new(SinkKind.Discard, Kilobyte, 1, true, 6_000),
        new(SinkKind.Discard, Kilobyte, 16, true, 20_000),
        new(SinkKind.Discard, 4 * Kilobyte, 1, true, 5_000),
        new(SinkKind.Discard, 4 * Kilobyte, 16, true, 20_000),
        new(SinkKind.Discard, 10 * Kilobyte, 1, true, 5_000),
        new(SinkKind.Discard, 10 * Kilobyte, 16, true, 15_000),
        new(SinkKind.Discard, 100 * Kilobyte, 16, true, 2_000),
        new(SinkKind.Discard, Megabyte, 1, true, 500),
        new(SinkKind.Discard, Megabyte, 16, true, 500),
        new(SinkKind.Discard, 20 * Megabyte, 1, true, 50),
        new(SinkKind.Durable, Kilobyte, 1, true, 1_000),
        new(SinkKind.Durable, Kilobyte, 16, true, 5_000),
        new(SinkKind.Durable, 4 * Kilobyte, 16, true, 3_000) { WithPeers = true },
        new(SinkKind.Durable, 4 * Kilobyte, 16, false, 2_000) { WithPeers = true },
        new(SinkKind.Durable, 10 * Kilobyte, 1, true, 1_000),
        new(SinkKind.Durable, 10 * Kilobyte, 16, true, 4_000),
        new(SinkKind.Durable, Megabyte, 1, true, 100),
        new(SinkKind.Durable, Megabyte, 16, true, 200),
        new(SinkKind.Discard, Kilobyte, 1, false, 2_000),
        new(SinkKind.Discard, Kilobyte, 16, false, 6_000),
        new(SinkKind.Discard, 4 * Kilobyte, 16, false, 6_000),
    ];

    /// <summary>Whether Postfix and Dovecot's LMTP take part.</summary>
    public bool WithPeers { get; init; }

    /// <summary>As in "sink-1k-16" and "sink-1k-16-new".</summary>
    public string Name => $"{(Sink == SinkKind.Discard ? "sink" : "durable")}-{SizeText}-{Connections}{(Kept ? "" : "-new")}";

    public string SizeText => MessageSize >= Megabyte ? $"{MessageSize / Megabyte}m" : $"{MessageSize / Kilobyte}k";

    /// <summary>The rows whose names start with one of the words given; without words, those over kept connections.</summary>
    public static IReadOnlyList<LoadRow> Select(IReadOnlyList<string> words)
    {
        if (words.Count == 0)
        {
            return [.. All.Where(row => row.Kept)];
        }

        return [.. All.Where(row => words.Any(row.IsNamed))];
    }

    // A whole name means that row alone; "sink" or "sink-1k" mean all rows below it.
    private bool IsNamed(string word) => Name == word || (Name.StartsWith(word + "-", StringComparison.Ordinal) && All.All(row => row.Name != word));
}
