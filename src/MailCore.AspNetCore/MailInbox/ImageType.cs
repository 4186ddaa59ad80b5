using MailCore.Mime;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Images that hold nothing but pixels: no SVG, which is a document.</summary>
internal static class ImageType
{
    /// <summary>The type to say, or null for anything else.</summary>
    public static string? Of(MimePart part) => MessageParts.ContentTypeOf(part) switch
    {
        "image/png" => "image/png",
        "image/jpeg" or "image/jpg" or "image/pjpeg" => "image/jpeg",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        "image/avif" => "image/avif",
        "image/bmp" or "image/x-ms-bmp" => "image/bmp",
        _ => null,
    };
}
