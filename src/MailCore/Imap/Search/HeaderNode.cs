using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// A header field that holds a text, encoded words decoded, compared by i;unicode-casemap. The fields of the envelope are looked at where
/// they stand in the summary; whether a field is there at all is asked of the header.
/// </summary>
internal sealed class HeaderNode(byte[] field, string text) : SearchNode(text.Length > 0 && FieldOf(field) != EnvelopeFields.None ? SearchCost.Summary : SearchCost.Header)
{
    private readonly EnvelopeFields _field = FieldOf(field);
    private readonly HeaderTextFinder _finder = new(text);

    public override MessageFields Fields => Cost == SearchCost.Summary ? MessageFields.Summary : MessageFields.None;

    protected override bool? Test(in SearchSubject subject) => Cost == SearchCost.Summary ? InEnvelope(subject.Summary) : InHeader(subject.Header);

    private static EnvelopeFields FieldOf(byte[] field) =>
        Is(field, "Subject"u8) ? EnvelopeFields.Subject
        : Is(field, "From"u8) ? EnvelopeFields.From
        : Is(field, "To"u8) ? EnvelopeFields.To
        : Is(field, "Cc"u8) ? EnvelopeFields.Cc
        : Is(field, "Bcc"u8) ? EnvelopeFields.Bcc
        : Is(field, "Message-ID"u8) ? EnvelopeFields.MessageId
        : Is(field, "In-Reply-To"u8) ? EnvelopeFields.InReplyTo
        : Is(field, "References"u8) ? EnvelopeFields.References
        : EnvelopeFields.None;

    private static bool Is(byte[] field, ReadOnlySpan<byte> name) => System.Text.Ascii.EqualsIgnoreCase(field, name);

    private bool InEnvelope(ReadOnlySpan<byte> summary)
    {
        if (!EnvelopeView.TryOpen(summary, out var envelope) || !envelope.TryGet(_field, out var value))
        {
            return false;
        }

        return _field switch
        {
            EnvelopeFields.Subject => _finder.IsIn(value),
            EnvelopeFields.MessageId or EnvelopeFields.InReplyTo or EnvelopeFields.References => _finder.IsInUtf8(value),
            _ => _finder.IsIn(new AddressListView(value)),
        };
    }

    private bool InHeader(ReadOnlySpan<byte> block)
    {
        foreach (var candidate in new HeaderReader(block))
        {
            if (candidate.Is(field) && _finder.IsIn(HeaderText.Of(candidate)))
            {
                return true;
            }
        }

        return false;
    }
}
