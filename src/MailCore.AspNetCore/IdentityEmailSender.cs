using System.Text.Encodings.Web;
using MailCore.Delivery;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace MailCore.AspNetCore;

/// <summary>Identity's messages to its users. Thread-safe.</summary>
public sealed class MailCoreEmailSender<TUser> : MailCoreEmailSender, IEmailSender<TUser>
    where TUser : class
{
    /// <inheritdoc cref="MailCoreEmailSender(IMailSubmission, IOptions{EmailSenderOptions})"/>
    public MailCoreEmailSender(IMailSubmission submission, IOptions<EmailSenderOptions> options)
        : base(submission, options)
    {
    }

    /// <inheritdoc/>
    public Task SendConfirmationLinkAsync(TUser user, string email, string confirmationLink) =>
        SendEmailAsync(email, "Confirm your email", $"<p>Please confirm your account: {Link(confirmationLink, "confirm")}.</p>");

    /// <inheritdoc/>
    public Task SendPasswordResetLinkAsync(TUser user, string email, string resetLink) =>
        SendEmailAsync(email, "Reset your password", $"<p>To choose another password: {Link(resetLink, "reset")}.</p>");

    /// <inheritdoc/>
    public Task SendPasswordResetCodeAsync(TUser user, string email, string resetCode) =>
        SendEmailAsync(email, "Reset your password", $"<p>The code for another password is <code>{HtmlEncoder.Default.Encode(resetCode)}</code>.</p>");
}
