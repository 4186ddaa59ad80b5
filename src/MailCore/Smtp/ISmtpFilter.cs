using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>
/// Looks at sessions and messages while they come in and says what shall become of them; it never delivers. Implement the stages
/// that matter. A filter shared by an endpoint's sessions is called by many of them at once; one that each session makes for itself
/// is called by one.
/// </summary>
/// <remarks>
/// At each stage the filters are asked in the order they were added, until one rejects or discards. A quarantine or discard at
/// connect or EHLO holds for all messages of the session, from MAIL on for the whole message, with all its recipients. The token
/// fires when the filter's time is up or the connection breaks; an exception is logged and has the outcome that was chosen with the
/// filter (<see cref="SmtpFilterFailure"/>).
/// </remarks>
public interface ISmtpFilter
{
    /// <summary>Before the greeting.</summary>
    ValueTask<SmtpVerdict> OnConnectAsync(SmtpFilterContext context, CancellationToken cancellationToken) => default;

    /// <summary>EHLO, HELO or LHLO; the name is <see cref="MailSessionInfo.ClientName"/> of the context's session.</summary>
    ValueTask<SmtpVerdict> OnHelloAsync(SmtpFilterContext context, CancellationToken cancellationToken) => default;

    /// <summary>MAIL, when everything else about it was found good.</summary>
    ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken) => default;

    /// <summary>RCPT, when the router would take it; the envelope does not hold the recipient yet.</summary>
    ValueTask<SmtpVerdict> OnRecipientAsync(SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) => default;

    /// <summary>
    /// The end of the header; nothing has been stored, and edits made up to here cost no copy. Edits by earlier filters do not show
    /// in <paramref name="headers"/>.
    /// </summary>
    ValueTask<SmtpVerdict> OnHeadersAsync(SmtpFilterContext context, MailTransaction transaction, MessageHeaders headers, CancellationToken cancellationToken) => default;

    /// <summary>
    /// The end of the message, before it is delivered. The stream is seekable, has the edits made up to the header's end, begins
    /// without trace fields, and is valid until the call returns. Added fields cost no copy here either; replacing or removing, and
    /// adding a field that mail programs show, writes the message once more.
    /// </summary>
    ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken) => default;
}

/// <summary>What a filter's exception or time-out amounts to.</summary>
public enum SmtpFilterFailure
{
    /// <summary>The client gets 451 4.3.0 and tries again.</summary>
    TryLater,

    /// <summary>As if the filter had said <see cref="SmtpVerdict.Continue"/>.</summary>
    Pass,
}
