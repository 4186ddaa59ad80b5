using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>The three ways a command ends (RFC 3501 7.1).</summary>
public enum ImapStatus
{
    /// <summary>Nothing is to be said, or it has been said.</summary>
    None,

    /// <summary>It was done.</summary>
    Ok,

    /// <summary>It could not be done.</summary>
    No,

    /// <summary>It was not understood; too many in a row end the session.</summary>
    Bad,
}

/// <summary>The tagged answer to a command.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Text">For humans: ASCII without line ends, and nothing the client sent.</param>
/// <param name="Code">A response code without its brackets, or null.</param>
public readonly record struct ImapReply(ImapStatus Status, string Text, string? Code)
{
    /// <summary>Stands for CAPABILITY and all that can be done now.</summary>
    internal const string CapabilityCode = "CAPABILITY";

    /// <summary>No reply: the connection is dropped, or the command has replied itself.</summary>
    public static ImapReply None => default;

    /// <summary>It was done.</summary>
    public static ImapReply Ok(string text, string? code = null) => new(ImapStatus.Ok, text, code);

    /// <summary>It could not be done.</summary>
    public static ImapReply No(string text, string? code = null) => new(ImapStatus.No, text, code);

    /// <summary>The answer to a change that the store rejected.</summary>
    /// <param name="error">Why.</param>
    /// <param name="missing">For a mailbox that is not there: TRYCREATE where making it would help.</param>
    internal static ImapReply Rejected(CommitError error, string missing = "NONEXISTENT") => error switch
    {
        CommitError.NoMailbox => No("There is no such mailbox", missing),
        CommitError.MailboxExists => No("There is a mailbox of this name", "ALREADYEXISTS"),
        CommitError.OverQuota => No("The quota would be exceeded", "OVERQUOTA"),
        CommitError.KeywordLimit => No("The mailbox has too many keywords", "LIMIT"),
        CommitError.NoPermission => No("This is not permitted", "NOPERM"),
        CommitError.NoAccount => No("The account is gone", "UNAVAILABLE"),
        _ => No("This can't be done", "CANNOT"),
    };

    /// <summary>It was not understood.</summary>
    public static ImapReply Bad(string text, string? code = null) => new(ImapStatus.Bad, text, code);
}
