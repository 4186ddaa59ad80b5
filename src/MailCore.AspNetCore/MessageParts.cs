using System.Buffers;
using System.Text;
using MailCore.AspNetCore.Inbound;
using MailCore.Mime;

namespace MailCore.AspNetCore;

/// <summary>What the parts of a message are for.</summary>
internal static class MessageParts
{
    /// <summary>All that are no multiparts, in order; a message within the message is one. How deep parts nest is limited where they are parsed.</summary>
    public static IEnumerable<MimePart> Leaves(MimePart part) => part.IsMultipart ? part.Children.SelectMany(Leaves) : [part];

    /// <summary>Whether the part is a text to read, and no attachment.</summary>
    public static bool IsBody(MimePart part, ReadOnlySpan<byte> subtype) =>
        part.Is("text"u8, subtype) && FileNameOf(part) is null && !(part.Disposition is { } disposition && Ascii.EqualsIgnoreCase(disposition.Span, "attachment"u8));

    /// <summary>The first text of a kind.</summary>
    public static MimePart? FindBody(MimePart root, ReadOnlySpan<byte> subtype)
    {
        foreach (var part in Leaves(root))
        {
            if (IsBody(part, subtype))
            {
                return part;
            }
        }

        return null;
    }

    /// <summary>As the sender gave it.</summary>
    public static string? FileNameOf(MimePart part) => part.GetDispositionParameter("filename") ?? part.GetParameter("name");

    /// <summary>The same without folders.</summary>
    public static string? BareFileNameOf(MimePart part) => FileNameOf(part) is { } name ? name[(name.AsSpan().LastIndexOfAny('/', '\\') + 1)..] : null;

    /// <summary>Such as "image/png", in lower case; the sender's word.</summary>
    public static string ContentTypeOf(MimePart part) => $"{Encoding.Latin1.GetString(part.Type.Span)}/{Encoding.Latin1.GetString(part.Subtype.Span)}".ToLowerInvariant();

    /// <summary>What an HTML text calls it, without angle brackets; null without one.</summary>
    public static string? ContentIdOf(MimePart part) => part.ContentId is { } id ? Encoding.Latin1.GetString(id.Span).Trim('<', '>') : null;

    /// <summary>A text part's body as text, cut after so many octets.</summary>
    public static async ValueTask<string> ReadTextAsync(PartStream body, MimePart part, int maxLength, CancellationToken cancellationToken)
    {
        var octets = new ArrayBufferWriter<byte>();
        while (octets.WrittenCount < maxLength)
        {
            var room = octets.GetMemory(4096);
            room = room[..Math.Min(room.Length, maxLength - octets.WrittenCount)];
            var count = await body.ReadAsync(room, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                break;
            }

            octets.Advance(count);
        }

        return MimeCharset.Decode(octets.WrittenSpan, Encoding.UTF8.GetBytes(part.GetParameter("charset") ?? ""));
    }
}
