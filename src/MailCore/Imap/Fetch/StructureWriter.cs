using MailCore.Imap.Wire;
using MailCore.Mime;

namespace MailCore.Imap.Fetch;

/// <summary>BODY and BODYSTRUCTURE (RFC 3501 7.4.2).</summary>
internal static class StructureWriter
{
    /// <param name="writer">Takes it.</param>
    /// <param name="part">Nested no deeper than <see cref="MimeLimits.Depth"/>.</param>
    /// <param name="isExtended">BODYSTRUCTURE.</param>
    public static ImapWriter Structure(this ImapWriter writer, MimePart part, bool isExtended)
    {
        writer.Raw("("u8);
        if (part.IsMultipart)
        {
            foreach (var child in part.Children)
            {
                writer.Structure(child, isExtended);
            }

            writer.Raw(" "u8).String(part.Subtype.Span);
            if (isExtended)
            {
                writer.Raw(" "u8).Parameters(part.Parameters);
            }
        }
        else
        {
            Single(writer, part, isExtended);
        }

        if (isExtended)
        {
            writer.Raw(" "u8).Disposition(part).Raw(" "u8).Languages(part).Raw(" "u8).NString(part.Location);
        }

        return writer.Raw(")"u8);
    }

    private static void Single(ImapWriter writer, MimePart part, bool isExtended)
    {
        writer
            .String(part.Type.Span)
            .Raw(" "u8).String(part.Subtype.Span)
            .Raw(" "u8).Parameters(part.Parameters)
            .Raw(" "u8).NString(part.ContentId)
            .Raw(" "u8).NString(part.Description)
            .Raw(" "u8).String(part.TransferEncoding.Span)
            .Raw(" "u8).Number(part.BodyLength);
        // RFC 3501 knows no message/global: to its clients that is a part like any other (RFC 9051 9).
        if (part is { NestedEnvelope: { } envelope, NestedRoot: { } root } && (part.Is("message"u8, "rfc822"u8) || writer.Features.HasFlag(ImapFeatures.Rev2)))
        {
            writer.Raw(" "u8).Envelope(envelope).Raw(" "u8).Structure(root, isExtended).Raw(" "u8).Number(part.LineCount);
        }
        else if (part.IsText)
        {
            writer.Raw(" "u8).Number(part.LineCount);
        }

        if (isExtended)
        {
            writer.Raw(" "u8).NString(part.Md5);
        }
    }

    private static ImapWriter Parameters(this ImapWriter writer, IReadOnlyList<MimeParameter> parameters)
    {
        if (parameters.Count == 0)
        {
            return writer.Nil();
        }

        for (var i = 0; i < parameters.Count; i++)
        {
            writer.Raw(i == 0 ? "("u8 : " "u8).String(parameters[i].Name.Span).Raw(" "u8).String(parameters[i].Value.Span);
        }

        return writer.Raw(")"u8);
    }

    private static ImapWriter Disposition(this ImapWriter writer, MimePart part) => part.Disposition is { } disposition
        ? writer.Raw("("u8).String(disposition.Span).Raw(" "u8).Parameters(part.DispositionParameters).Raw(")"u8)
        : writer.Nil();

    private static ImapWriter Languages(this ImapWriter writer, MimePart part)
    {
        if (part.Languages.Count <= 1)
        {
            return part.Languages.Count == 0 ? writer.Nil() : writer.String(part.Languages[0].Span);
        }

        for (var i = 0; i < part.Languages.Count; i++)
        {
            writer.Raw(i == 0 ? "("u8 : " "u8).String(part.Languages[i].Span);
        }

        return writer.Raw(")"u8);
    }
}
