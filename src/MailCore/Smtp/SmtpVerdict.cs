using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>What a filter says at a stage; the default value is <see cref="Continue"/>. Immutable.</summary>
public readonly record struct SmtpVerdict
{
    private SmtpVerdict(SmtpVerdictKind kind, SmtpReply? reply, string? reason) => (Kind, Reply, Reason) = (kind, reply, reason);

    /// <summary>Nothing against it: the next filter is asked.</summary>
    public static SmtpVerdict Continue => default;

    /// <summary>Which of the four.</summary>
    public SmtpVerdictKind Kind { get; }

    /// <summary>The client's answer, for a rejection.</summary>
    public SmtpReply? Reply { get; }

    /// <summary>For the log and, in a quarantine, for a header field that the recipient sees.</summary>
    public string? Reason { get; }

    /// <summary>
    /// Answers the command with <paramref name="reply"/>, a 4xx or 5xx, and asks no further filter. 421, and 521 at the connect
    /// stage, also end the session.
    /// </summary>
    /// <exception cref="ArgumentException">The reply is positive.</exception>
    public static SmtpVerdict Reject(SmtpReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        return reply.IsPositive
            ? throw new ArgumentException($"'{reply}' rejects nothing: use a reply of class 4 or 5.", nameof(reply))
            : new(SmtpVerdictKind.Reject, reply, null);
    }

    /// <summary>
    /// Takes the message but puts it apart: into the recipients' Junk mailbox, with a field that tells the reason. Other filters may
    /// still reject it.
    /// </summary>
    public static SmtpVerdict Quarantine(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return new(SmtpVerdictKind.Quarantine, null, reason);
    }

    /// <summary>Tells the client that all is well, delivers to nobody, and asks no further filter about the message.</summary>
    public static SmtpVerdict Discard(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return new(SmtpVerdictKind.Discard, null, reason);
    }
}

/// <summary>The four things a filter can say.</summary>
public enum SmtpVerdictKind
{
    /// <summary>Nothing against it.</summary>
    Continue,

    /// <summary>The client gets a negative reply.</summary>
    Reject,

    /// <summary>Taken and put apart.</summary>
    Quarantine,

    /// <summary>Answered as if taken, and dropped.</summary>
    Discard,
}
