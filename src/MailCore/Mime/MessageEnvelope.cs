namespace MailCore.Mime;

/// <summary>
/// What ENVELOPE and threading want of a message's header. Octets are unfolded and otherwise as written, encoded words and 8-bit
/// octets included; they never hold CR, LF or NUL. A field that is absent is null, one that is empty is empty. Where a text
/// field stands twice the first counts; address fields of one name are joined.
/// </summary>
public sealed class MessageEnvelope
{
    private const int More = 0x80;

    internal MessageEnvelope(ReadOnlyMemory<byte> encoded)
    {
        var reader = new SummaryReader(encoded);
        var fields = (EnvelopeFields)reader.Number();
        Date = Text(ref reader, fields, EnvelopeFields.Date);
        Subject = Text(ref reader, fields, EnvelopeFields.Subject);
        InReplyTo = Text(ref reader, fields, EnvelopeFields.InReplyTo);
        MessageId = Text(ref reader, fields, EnvelopeFields.MessageId);
        References = Text(ref reader, fields, EnvelopeFields.References);
        From = Addresses(ref reader, fields, EnvelopeFields.From);
        var sender = Addresses(ref reader, fields, EnvelopeFields.Sender);
        var replyTo = Addresses(ref reader, fields, EnvelopeFields.ReplyTo);
        To = Addresses(ref reader, fields, EnvelopeFields.To);
        Cc = Addresses(ref reader, fields, EnvelopeFields.Cc);
        Bcc = Addresses(ref reader, fields, EnvelopeFields.Bcc);

        // RFC 9051 7.5.2: absent or empty, they are taken from From.
        Sender = sender.Length > 0 ? sender : From;
        ReplyTo = replyTo.Length > 0 ? replyTo : From;
    }

    /// <summary>Of a message without a header.</summary>
    public static MessageEnvelope Empty { get; } = new(new byte[] { 0 });

    /// <summary>See <see cref="MailDate"/> for its value.</summary>
    public ReadOnlyMemory<byte>? Date { get; }

    /// <summary>See <see cref="EncodedWords"/> for its text.</summary>
    public ReadOnlyMemory<byte>? Subject { get; }

    /// <summary>Message identifiers with their angle brackets.</summary>
    public ReadOnlyMemory<byte>? InReplyTo { get; }

    /// <summary>With its angle brackets.</summary>
    public ReadOnlyMemory<byte>? MessageId { get; }

    /// <summary>Message identifiers with their angle brackets, the oldest first; not part of IMAP's ENVELOPE.</summary>
    public ReadOnlyMemory<byte>? References { get; }

    /// <summary>Authors.</summary>
    public IReadOnlyList<MailAddressEntry> From { get; }

    /// <summary>The same as <see cref="From"/> when the header names none.</summary>
    public IReadOnlyList<MailAddressEntry> Sender { get; }

    /// <summary>The same as <see cref="From"/> when the header names none.</summary>
    public IReadOnlyList<MailAddressEntry> ReplyTo { get; }

    /// <summary>Primary recipients.</summary>
    public IReadOnlyList<MailAddressEntry> To { get; }

    /// <summary>Further recipients.</summary>
    public IReadOnlyList<MailAddressEntry> Cc { get; }

    /// <summary>Recipients hidden from the others.</summary>
    public IReadOnlyList<MailAddressEntry> Bcc { get; }

    /// <summary>The subject as text, or null.</summary>
    public string? DecodedSubject => Subject is { } subject ? EncodedWords.Decode(subject.Span) : null;

    /// <summary>The date, or null when it is absent or no date.</summary>
    public DateTimeOffset? SentDate => Date is { } date && MailDate.TryParse(date.Span, out var value) ? value : null;

    /// <summary>Whether <paramref name="encoded"/> can be read without a failure.</summary>
    internal static bool IsValid(ReadOnlyMemory<byte> encoded)
    {
        var reader = new SummaryReader(encoded);
        var fields = reader.Count((int)EnvelopeFields.All);
        for (var bit = 1; bit <= (int)EnvelopeFields.References; bit <<= 1)
            reader.Optional(fields, bit);

        for (var bit = (int)EnvelopeFields.From; bit <= (int)EnvelopeFields.Bcc; bit <<= 1)
        {
            var entry = (fields & bit) != 0 ? reader.Byte() : 0;
            while (entry >= More && !reader.Failed)
            {
                Entry(ref reader, entry);
                entry = reader.Byte();
            }
        }

        return !reader.Failed && reader.AtEnd;
    }

    /// <summary>Entries up to the octet that ends their list.</summary>
    internal static MailAddressEntry[] ReadAddresses(ref SummaryReader reader)
    {
        var entry = reader.Byte();
        if (entry < More)
            return [];

        var list = new List<MailAddressEntry>(1);
        while (entry >= More)
        {
            list.Add(Entry(ref reader, entry));
            entry = reader.Byte();
        }

        return list.ToArray();
    }

    private static ReadOnlyMemory<byte>? Text(ref SummaryReader reader, EnvelopeFields fields, EnvelopeFields field) =>
        reader.Optional((int)fields, (int)field);

    private static MailAddressEntry[] Addresses(ref SummaryReader reader, EnvelopeFields fields, EnvelopeFields field) =>
        (fields & field) != 0 ? ReadAddresses(ref reader) : [];

    private static MailAddressEntry Entry(ref SummaryReader reader, int flags) =>
        new(reader.Optional(flags, 1), reader.Optional(flags, 2), reader.Optional(flags, 4), reader.Optional(flags, 8));
}

/// <summary>Which fields an encoded envelope holds, in their order; part of the stored format.</summary>
[Flags]
internal enum EnvelopeFields
{
    None = 0,
    Date = 1,
    Subject = 2,
    InReplyTo = 4,
    MessageId = 8,
    References = 16,
    From = 32,
    Sender = 64,
    ReplyTo = 128,
    To = 256,
    Cc = 512,
    Bcc = 1024,
    All = 2047,
}
