namespace MailCore.Mime;

/// <summary>
/// How much work one message may cause. Past a limit the message still gets an answer: what lies beyond is counted as octets
/// of an opaque body and not looked into. Every limit is at least 1 and at most 64 Mi.
/// </summary>
public sealed record MimeLimits
{
    private const int Greatest = 64 * 1024 * 1024;

    /// <summary>The values used when none are given.</summary>
    public static MimeLimits Default { get; } = new();

    /// <summary>Levels of nesting, the message itself being the first. A part on the last level is not looked into.</summary>
    public int Depth { get; init => field = Checked(value); } = 100;

    /// <summary>Parts in all: the message, the parts of multiparts and messages within the message.</summary>
    public int Parts { get; init => field = Checked(value); } = 10_000;

    /// <summary>Octets of one header block, the empty line included. A line that would pass it begins the body.</summary>
    public int HeaderOctets { get; init => field = Checked(value); } = 256 * 1024;

    /// <summary>Lines of one header block that are read for fields, folded ones each counted. Later lines stay header but are not read.</summary>
    public int HeaderLines { get; init => field = Checked(value); } = 1_000;

    /// <summary>Parameters of one field, each RFC 2231 continuation counted. Later ones are dropped.</summary>
    public int Parameters { get; init => field = Checked(value); } = 100;

    /// <summary>Addresses and group marks that are kept of one field. Later ones are dropped.</summary>
    public int Addresses { get; init => field = Checked(value); } = 2_000;

    /// <summary>Octets of header values that a summary keeps. Once they are reached no further part is opened.</summary>
    public int SummaryOctets { get; init => field = Checked(value); } = 1024 * 1024;

    private static int Checked(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Greatest);
        return value;
    }
}
