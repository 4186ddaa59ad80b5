namespace MailCore.Storage;

/// <summary>Which flags copies take along.</summary>
/// <param name="Flags">System flags.</param>
/// <param name="Keywords">All keywords, or none.</param>
public sealed record FlagsKept(SystemFlags Flags, bool Keywords)
{
    private const SystemFlags Every = SystemFlags.Seen | SystemFlags.Answered | SystemFlags.Flagged | SystemFlags.Deleted | SystemFlags.Draft;

    /// <summary>All of them.</summary>
    public static FlagsKept All { get; } = new(Every, Keywords: true);

    internal bool AreAll => (Flags & Every) == Every && Keywords;
}
