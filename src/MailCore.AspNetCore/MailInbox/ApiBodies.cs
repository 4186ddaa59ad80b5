using System.Text.Json.Serialization;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>A page of messages.</summary>
/// <param name="Messages">The newest first.</param>
/// <param name="Total">In the mailboxes that were asked for, whatever the query; null where they were searched.</param>
/// <param name="Next">Where older ones are; null when there are none. With a query a page may hold few, or none, and others still follow.</param>
internal sealed record MessagePageBody(IReadOnlyList<MessageItemBody> Messages, long? Total, string? Next);

/// <summary>A message in a list.</summary>
internal record MessageItemBody
{
    public required string Id { get; init; }

    public required string Account { get; init; }

    public required string Mailbox { get; init; }

    public required string From { get; init; }

    public required IReadOnlyList<string> To { get; init; }

    public required string Subject { get; init; }

    public required DateTime Received { get; init; }

    public required long Size { get; init; }

    public required bool Seen { get; init; }

    public required int Attachments { get; init; }

    public required string Preview { get; init; }
}

/// <summary>A message with all that is known of it but its octets.</summary>
internal sealed record MessageBody : MessageItemBody
{
    public required DateTime? Date { get; init; }

    public required IReadOnlyList<string> Cc { get; init; }

    public required IReadOnlyList<string> ReplyTo { get; init; }

    public required string? MessageId { get; init; }

    public required bool HasText { get; init; }

    public required bool HasHtml { get; init; }

    public required bool HasTranscript { get; init; }

    public required EnvelopeBody? Envelope { get; init; }

    public required IReadOnlyList<HeaderBody> Headers { get; init; }

    public required PartBody Parts { get; init; }

    public required IReadOnlyList<AttachmentBody> AttachmentParts { get; init; }
}

/// <summary>What the session that brought a message said.</summary>
internal sealed record EnvelopeBody(string MailFrom, IReadOnlyList<string> Recipients, string? Client, string? Helo, string? Tls, string? Login);

/// <summary>A header field.</summary>
/// <param name="Name">As written.</param>
/// <param name="Value">Unfolded and decoded.</param>
/// <param name="Raw">As it stands in the message, its name included; 8-bit octets as UTF-8.</param>
internal sealed record HeaderBody(string Name, string Value, string Raw);

/// <summary>
/// A part of a message. Its section is as in IMAP, "1.2", and ends in TEXT for what has no number: the outermost multipart of a message.
/// </summary>
internal sealed record PartBody(string Section, string ContentType, string? Charset, string Encoding, long Size, string? FileName, string? Disposition, IReadOnlyList<PartBody> Parts);

/// <summary>A part that is neither the text nor the HTML text; its size is that of its encoded form.</summary>
internal sealed record AttachmentBody(string Section, string? FileName, string ContentType, long Size);

internal sealed record MailboxBody(string Account, string Mailbox, long Messages, long Unseen);

internal sealed record SettingsBody(bool CanDelete, bool CanRelease, string? ReleaseHint, string Host, IReadOnlyList<SmtpAddressBody> Smtp);

/// <summary>Where mail can be sent to.</summary>
/// <param name="Name">The endpoint's.</param>
/// <param name="Address">A name or an address that a client on this machine may connect to.</param>
/// <param name="Port">Of TCP.</param>
/// <param name="Tls">"none", "starttls" or "implicit".</param>
internal sealed record SmtpAddressBody(string Name, string Address, int Port, string Tls);

internal sealed record ChangeBody(string Id, string Account, string Mailbox);

internal sealed record SeenBody([property: JsonRequired] bool Seen);

internal sealed record ReleaseBody([property: JsonRequired] IReadOnlyList<string> To);

internal sealed record ReleasedBody(string QueueId, IReadOnlyList<ReleasedRecipientBody> Recipients);

internal sealed record ReleasedRecipientBody(string Address, bool Accepted, string Reply);

internal sealed record ProblemBody(string Type, string Title, int Status, string Detail);
