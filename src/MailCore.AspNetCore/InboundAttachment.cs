using System.Text;
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
    public string? FileName => NameOf(Part) is { } name ? name[(name.AsSpan().LastIndexOfAny('/', '\\') + 1)..] : null;

    /// <summary>Such as "image/png", in lower case; the sender's word.</summary>
    public string ContentType => $"{Encoding.Latin1.GetString(Part.Type.Span)}/{Encoding.Latin1.GetString(Part.Subtype.Span)}".ToLowerInvariant();

    /// <summary>What an HTML text calls it, without angle brackets; null without one.</summary>
    public string? ContentId => Part.ContentId is { } id ? Encoding.Latin1.GetString(id.Span).Trim('<', '>') : null;

    /// <summary>The content, transfer encoding removed, straight from where the message waits; to be read asynchronously.</summary>
    public Stream OpenRead() => _mail.OpenPart(Part);

    internal static string? NameOf(MimePart part) => part.GetDispositionParameter("filename") ?? part.GetParameter("name");
}
