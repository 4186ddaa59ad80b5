using System.IO.Pipelines;

namespace MailCore.Smtp.Wire;

/// <summary>How the octets of a message ended, or why nobody needs the rest of them.</summary>
internal enum DataOutcome
{
    /// <summary>They go on.</summary>
    Pending,

    /// <summary>All came: CRLF.CRLF, or the last chunk.</summary>
    Complete,

    /// <summary>More octets than allowed.</summary>
    TooLarge,

    /// <summary>A line longer than allowed.</summary>
    LongLine,

    /// <summary>An LF alone, where it is not rewritten.</summary>
    BareLineFeed,

    /// <summary>A CR alone.</summary>
    BareCarriageReturn,

    /// <summary>A NUL.</summary>
    Nul,

    /// <summary>More Received fields than allowed.</summary>
    Looping,

    /// <summary>The client fell silent.</summary>
    TimedOut,

    /// <summary>The client sends, but too little.</summary>
    TooSlow,

    /// <summary>The server stops.</summary>
    Stopping,

    /// <summary>Whoever was to keep the octets could not.</summary>
    Unwanted,
}

/// <summary>What a message may be.</summary>
internal readonly record struct DataLimits(long MaxSize, int MaxLine, int MaxReceived, bool RewritesLineFeeds, TimeSpan Timeout)
{
    /// <summary>Octets for each minute of waiting; 0 for no minimum.</summary>
    public long MinPerMinute { get; init; }
}

/// <summary>The content of a message while it comes.</summary>
internal abstract class MessageBodyReader : PipeReader
{
    /// <summary>The message ended without its stager being to blame: an exception that left here says so.</summary>
    public abstract bool IsBroken { get; }
}
