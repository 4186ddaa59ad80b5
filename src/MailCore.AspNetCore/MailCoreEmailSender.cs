using System.Text.Encodings.Web;
using MailCore.Delivery;
using MailCore.Messaging;
using Microsoft.AspNetCore.Identity.UI.Services;
using Microsoft.Extensions.Options;

namespace MailCore.AspNetCore;

/// <summary>ASP.NET's mail by <see cref="IMailSubmission"/>: the router and the rules that the wire uses. Thread-safe.</summary>
public class MailCoreEmailSender : IEmailSender
{
    private readonly IMailSubmission _submission;
    private readonly EmailAddress _from;
    private readonly string? _displayName;

    /// <summary>Sends by <paramref name="submission"/>.</summary>
    /// <exception cref="FormatException">The options' From is no address.</exception>
    public MailCoreEmailSender(IMailSubmission submission, IOptions<EmailSenderOptions> options)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(options);
        _submission = submission;
        _displayName = options.Value.DisplayName;
        _from = EmailAddress.TryParse(options.Value.From, out var from)
            ? from
            : throw new FormatException($"EmailSenderOptions.From '{options.Value.From}' is not an e-mail address; write it as no-reply@example.org.");
    }

    /// <summary>
    /// Sends one HTML message, and returns when it is in its mailbox or in the queue. Throws <see cref="FormatException"/> for what is no
    /// address and <see cref="EmailNotSentException"/> when the server does not take it.
    /// </summary>
    public async Task SendEmailAsync(string email, string subject, string htmlMessage)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(htmlMessage);
        var to = EmailAddress.Parse(email);
        var envelope = new Envelope(new ReversePath(_from)) { SmtpUtf8 = _from.IsInternationalized || to.IsInternationalized, Recipients = { new Recipient(to) } };
        using var message = new MemoryStream(HtmlMessage.Write(_from, _displayName, to, subject, htmlMessage), writable: false);
        var result = await _submission.SubmitAsync(envelope, message, CancellationToken.None).ConfigureAwait(false);
        if (result.Replies[0] is { IsPositive: false } refusal)
        {
            throw new EmailNotSentException(result.QueueId, refusal.ToString(), refusal.IsTransient);
        }
    }

    /// <summary>A link, safe in HTML.</summary>
    private protected static string Link(string target, string text) => $"<a href=\"{HtmlEncoder.Default.Encode(System.Net.WebUtility.HtmlDecode(target))}\">{text}</a>";
}
