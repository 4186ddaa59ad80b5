using MailCore.Mime;

namespace MailCore.AspNetCore;

/// <summary>One part of a message that is not its text.</summary>
public sealed class InboundAttachment
{
    private readonly InboundMail _mail;

    internal InboundAttachment(InboundMail mail, MimePart part) => (_mail, Part) = (mail, part);

    /// <summary>Its place in the structure.</summary>
    public MimePart Part { get; }

    /// <summary>As the sender gave it: no name to store a file by. Folders before it are left out; null without one.</summary>
    public string? FileName => MessageParts.BareFileNameOf(Part);

    /// <summary>Such as "image/png", in lower case; the sender's word.</summary>
    public string ContentType => MessageParts.ContentTypeOf(Part);

    /// <summary>What an HTML text calls it, without angle brackets; null without one.</summary>
    public string? ContentId => MessageParts.ContentIdOf(Part);

    /// <summary>The content, transfer encoding removed, straight from where the message waits; to be read asynchronously.</summary>
    public Stream OpenRead() => _mail.OpenPart(Part);
}
