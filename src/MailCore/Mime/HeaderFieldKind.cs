using System.Text;

namespace MailCore.Mime;

/// <summary>The fields a summary is made of: those of the envelope in the order of <see cref="EnvelopeFields"/>, then those of a part.</summary>
internal enum HeaderFieldKind
{
    Other = -1,
    Date,
    Subject,
    InReplyTo,
    MessageId,
    References,
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
    ContentType,
    TransferEncoding,
    ContentId,
    Description,
    Disposition,
    Languages,
    Location,
    Md5,
    Count,
}

/// <summary>Names of fields.</summary>
internal static class HeaderFieldNames
{
    public static HeaderFieldKind Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Is(name, "To"u8) ? HeaderFieldKind.To : Is(name, "Cc"u8) ? HeaderFieldKind.Cc : HeaderFieldKind.Other,
        3 => Is(name, "Bcc"u8) ? HeaderFieldKind.Bcc : HeaderFieldKind.Other,
        4 => Is(name, "From"u8) ? HeaderFieldKind.From : Is(name, "Date"u8) ? HeaderFieldKind.Date : HeaderFieldKind.Other,
        6 => Is(name, "Sender"u8) ? HeaderFieldKind.Sender : HeaderFieldKind.Other,
        7 => Is(name, "Subject"u8) ? HeaderFieldKind.Subject : HeaderFieldKind.Other,
        8 => Is(name, "Reply-To"u8) ? HeaderFieldKind.ReplyTo : HeaderFieldKind.Other,
        10 => Is(name, "Message-ID"u8) ? HeaderFieldKind.MessageId
            : Is(name, "References"u8) ? HeaderFieldKind.References
            : Is(name, "Content-ID"u8) ? HeaderFieldKind.ContentId : HeaderFieldKind.Other,
        11 => Is(name, "In-Reply-To"u8) ? HeaderFieldKind.InReplyTo
            : Is(name, "Content-MD5"u8) ? HeaderFieldKind.Md5 : HeaderFieldKind.Other,
        _ => Content(name),
    };

    private static HeaderFieldKind Content(ReadOnlySpan<byte> name) => name.Length switch
    {
        12 => Is(name, "Content-Type"u8) ? HeaderFieldKind.ContentType : HeaderFieldKind.Other,
        16 => Is(name, "Content-Language"u8) ? HeaderFieldKind.Languages
            : Is(name, "Content-Location"u8) ? HeaderFieldKind.Location : HeaderFieldKind.Other,
        19 => Is(name, "Content-Description"u8) ? HeaderFieldKind.Description
            : Is(name, "Content-Disposition"u8) ? HeaderFieldKind.Disposition : HeaderFieldKind.Other,
        25 => Is(name, "Content-Transfer-Encoding"u8) ? HeaderFieldKind.TransferEncoding : HeaderFieldKind.Other,
        _ => HeaderFieldKind.Other,
    };

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);
}
