namespace MailCore.Imap.Append;

/// <summary>What stands behind an appended message.</summary>
/// <param name="Text">Up to the next message's literal or the command's end.</param>
/// <param name="HasMessage">Whether another message follows.</param>
internal sealed record MessageTail(byte[] Text, bool HasMessage);
