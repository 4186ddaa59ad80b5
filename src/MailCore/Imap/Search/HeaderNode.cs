using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Search;

/// <summary>
/// A header field that holds a text, encoded words decoded, without regard to case. The fields of the envelope are taken from the
/// summary; whether a field is there at all is asked of the header.
/// </summary>
internal sealed class HeaderNode(byte[] field, string text) : SearchNode(text.Length > 0 && IsInEnvelope(field) ? SearchCost.Summary : SearchCost.Header)
{
    protected override bool? Test(SearchSubject subject) =>
        Cost == SearchCost.Summary ? InEnvelope(subject.Summary!.Envelope) : InHeader(subject.Header.Span);

    private static bool IsInEnvelope(byte[] field) =>
        Is(field, "From"u8) || Is(field, "To"u8) || Is(field, "Cc"u8) || Is(field, "Bcc"u8)
        || Is(field, "Subject"u8) || Is(field, "Message-ID"u8) || Is(field, "In-Reply-To"u8);

    private static bool Is(byte[] field, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(field, name);

    private bool InEnvelope(MessageEnvelope envelope) =>
        Is(field, "From"u8) ? Holds(envelope.From)
        : Is(field, "To"u8) ? Holds(envelope.To)
        : Is(field, "Cc"u8) ? Holds(envelope.Cc)
        : Is(field, "Bcc"u8) ? Holds(envelope.Bcc)
        : Is(field, "Subject"u8) ? envelope.DecodedSubject is { } subject && Holds(subject)
        : (Is(field, "Message-ID"u8) ? envelope.MessageId : envelope.InReplyTo) is { } id && Holds(Encoding.UTF8.GetString(id.Span));

    private bool Holds(IReadOnlyList<MailAddressEntry> addresses) => addresses.Count > 0 && Holds(string.Join(", ", addresses));

    private bool InHeader(ReadOnlySpan<byte> block)
    {
        foreach (var candidate in new HeaderReader(block))
        {
            if (candidate.Is(field) && Holds(HeaderText.Of(candidate)))
            {
                return true;
            }
        }

        return false;
    }

    private bool Holds(string value) => value.Contains(text, StringComparison.OrdinalIgnoreCase);
}
