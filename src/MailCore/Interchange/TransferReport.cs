namespace MailCore.Interchange;

/// <summary>What an import or export has moved.</summary>
/// <param name="Mailboxes">Mailboxes taken on.</param>
/// <param name="Messages">Messages moved; those an earlier, broken-off import had moved already are not counted.</param>
/// <param name="Problems">What could not be moved, or not as it was; each names the file or mailbox.</param>
public sealed record TransferReport(long Mailboxes, long Messages, IReadOnlyList<string> Problems);
