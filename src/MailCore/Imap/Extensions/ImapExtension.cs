namespace MailCore.Imap.Extensions;

/// <summary>When a command of a host's own may be given (RFC 3501 3).</summary>
public enum ImapExtensionState
{
    /// <summary>Always; before TLS too, where that is required.</summary>
    Any,

    /// <summary>After login.</summary>
    LoggedIn,

    /// <summary>With a mailbox selected.</summary>
    Selected,
}

/// <summary>
/// A command that a host adds to IMAP, and the capability that announces it. Registered as a service:
/// <c>mail.Services.AddSingleton&lt;ImapExtension, MyCommand&gt;()</c>. One object serves all sessions of all endpoints at once, so it
/// must be thread-safe.
/// </summary>
public abstract class ImapExtension
{
    /// <summary>One word of letters, digits, '.' and '-', at most 32 octets; case does not matter. No command that IMAP has already.</summary>
    public abstract string Command { get; }

    /// <summary>Announced wherever the command is possible; null for nothing. An atom.</summary>
    public virtual string? Capability => null;

    /// <summary>After login, unless told otherwise.</summary>
    public virtual ImapExtensionState State => ImapExtensionState.LoggedIn;

    /// <summary>
    /// Does it. Commands of one session run one after another; an exception is answered with NO and goes to the log.
    /// <paramref name="cancellationToken"/> fires when the client is gone.
    /// </summary>
    public abstract ValueTask<ImapReply> RunAsync(ImapExtensionContext context, CancellationToken cancellationToken);
}
