namespace MailCore.Relay;

/// <summary>What the server said is no SMTP, or was said unasked; the connection is of no further use.</summary>
internal sealed class SmtpDialogException(string message) : IOException(message);
