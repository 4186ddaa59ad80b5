using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using MailCore.Mime;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>
/// Writes a message's HTML text with the images that the message brings for it, as data: URLs: the document is complete, and asks for
/// nothing.
/// </summary>
internal sealed class HtmlDocument(InboxMessage message, int maxImages)
{
    /// <summary>
    /// An origin of its own without scripts, forms, frames, plug-ins and automatic navigation; nothing is loaded, styles stand in the text
    /// and images are data.
    /// </summary>
    public const string Policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    /// <summary>In the place of images that are not there: it shows nothing and loads nothing.</summary>
    private const string NoImage = "data:,";

    // A multiple of three, so that pieces of base64 join.
    private const int PieceLength = 12 * 1024;

    private readonly Dictionary<string, MimePart> _images = Images(message.Summary.Root);
    private readonly byte[] _piece = new byte[PieceLength];
    private long _imagesLeft = maxImages;

    public async ValueTask WriteAsync(string html, PipeWriter writer, CancellationToken cancellationToken)
    {
        foreach (var piece in HtmlPieces.Of(html))
        {
            Encoding.UTF8.GetBytes(piece.Text.Span, writer);
            if (piece.ContentId is { } id)
            {
                await WriteImageAsync(id, writer, cancellationToken).ConfigureAwait(false);
            }

            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static Dictionary<string, MimePart> Images(MimePart root)
    {
        var images = new Dictionary<string, MimePart>(StringComparer.Ordinal);
        foreach (var part in MessageParts.Leaves(root))
        {
            if (MessageParts.ContentIdOf(part) is { } id && ImageType.Of(part) is not null)
            {
                images.TryAdd(id, part);
            }
        }

        return images;
    }

    private async ValueTask WriteImageAsync(string id, PipeWriter writer, CancellationToken cancellationToken)
    {
        // The encoded form is the longer one. Each place where an image stands counts.
        if (!_images.TryGetValue(id, out var part) || part.BodyLength > _imagesLeft)
        {
            Encoding.ASCII.GetBytes(NoImage, writer);
            return;
        }

        _imagesLeft -= part.BodyLength;
        Encoding.ASCII.GetBytes($"data:{ImageType.Of(part)};base64,", writer);
        var body = message.OpenPart(part);
        await using (body.ConfigureAwait(false))
        {
            int length;
            do
            {
                length = await body.ReadAtLeastAsync(_piece, PieceLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                Base64.EncodeToUtf8(_piece.AsSpan(0, length), writer.GetSpan(Base64.GetMaxEncodedToUtf8Length(length)), out _, out var written);
                writer.Advance(written);
                await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
            while (length == PieceLength);
        }
    }
}
