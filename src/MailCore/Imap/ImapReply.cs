namespace MailCore.Imap;

/// <summary>The three ways a command ends (RFC 3501 7.1).</summary>
internal enum ImapStatus
{
    Ok,
    No,
    Bad,
}

/// <summary>The tagged answer to a command.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Text">For humans: ASCII without line ends, and nothing the client sent.</param>
/// <param name="Code">A response code without its brackets, or null.</param>
internal readonly record struct ImapReply(ImapStatus Status, string Text, string? Code)
{
    public static ImapReply Ok(string text, string? code = null) => new(ImapStatus.Ok, text, code);

    public static ImapReply No(string text, string? code = null) => new(ImapStatus.No, text, code);

    public static ImapReply Bad(string text, string? code = null) => new(ImapStatus.Bad, text, code);
}
