namespace MailCore.Mime;

/// <summary>
/// The envelope where it stands in an encoded summary, for looking at a field of very many messages: nothing is copied or made. What
/// the values are is said by <see cref="MessageEnvelope"/>.
/// </summary>
internal readonly ref struct EnvelopeView
{
    private readonly ReadOnlySpan<byte> _envelope;

    private EnvelopeView(ReadOnlySpan<byte> envelope) => _envelope = envelope;

    /// <summary>False for octets that are no summary, or one of another version of the encoding.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> summary, out EnvelopeView envelope)
    {
        var reader = new SummarySpanReader(summary);
        var isCurrent = reader.Byte() == MessageSummary.Version;
        reader.Number();
        envelope = new EnvelopeView(reader.Octets());
        return isCurrent && !reader.Failed;
    }

    /// <summary>
    /// A text field's octets, or the entries of a field of addresses for an <see cref="AddressListView"/>; false when the message has
    /// no such field.
    /// </summary>
    public bool TryGet(EnvelopeFields field, out ReadOnlySpan<byte> value)
    {
        value = default;
        var reader = new SummarySpanReader(_envelope);
        var fields = (EnvelopeFields)reader.Number();
        if ((fields & field) == 0)
            return false;

        for (var bit = EnvelopeFields.Date; bit < field && !reader.Failed; bit = (EnvelopeFields)((int)bit << 1))
        {
            if ((fields & bit) == 0)
                continue;

            if (bit <= EnvelopeFields.References)
                reader.Octets();
            else
                reader.Addresses();
        }

        value = field <= EnvelopeFields.References ? reader.Octets() : reader.Addresses();
        return !reader.Failed;
    }
}

/// <summary>Encoded entries, read one after the other.</summary>
internal readonly ref struct AddressListView(ReadOnlySpan<byte> entries)
{
    private readonly ReadOnlySpan<byte> _entries = entries;

    public Enumerator GetEnumerator() => new(_entries);

    internal ref struct Enumerator(ReadOnlySpan<byte> entries)
    {
        private SummarySpanReader _reader = new(entries);

        public AddressEntryView Current { get; private set; }

        public bool MoveNext()
        {
            if (!_reader.TryEntry(out var entry))
                return false;

            Current = entry;
            return !_reader.Failed;
        }
    }
}

/// <summary>As <see cref="MailAddressEntry"/>; a part that is missing is empty.</summary>
internal readonly ref struct AddressEntryView
{
    public required bool HasName { get; init; }

    public required bool HasMailbox { get; init; }

    public required bool HasHost { get; init; }

    public required ReadOnlySpan<byte> Name { get; init; }

    public required ReadOnlySpan<byte> Mailbox { get; init; }

    public required ReadOnlySpan<byte> Host { get; init; }
}
