namespace MailCore.Storage;

/// <summary>Looks at a message; see <see cref="IAccountStore.ScanAsync"/>.</summary>
/// <param name="message">Valid during the call.</param>
public delegate void MessageGlanceHandler(in MessageGlance message);

/// <summary>Details of one message where the store has them, as in <see cref="MessageRow"/>. Fields not asked for are default.</summary>
public readonly ref struct MessageGlance
{
    /// <summary>Of a row that has been read.</summary>
    public MessageGlance(MessageRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        (Uid, InternalDate, SaveDate, EmailId) = (row.Uid, row.InternalDate, row.SaveDate, row.EmailId);
        Summary = row.Summary.Span;
    }

    /// <summary>Of what stands in the store.</summary>
    public MessageGlance(Uid uid, ReadOnlySpan<byte> summary)
    {
        Uid = uid;
        Summary = summary;
    }

    /// <summary>Its UID in the mailbox asked.</summary>
    public Uid Uid { get; }

    /// <inheritdoc cref="MessageRow.InternalDate"/>
    public DateTimeOffset InternalDate { get; init; }

    /// <inheritdoc cref="MessageRow.SaveDate"/>
    public DateTimeOffset SaveDate { get; init; }

    /// <inheritdoc cref="MessageRow.EmailId"/>
    public EmailId EmailId { get; init; }

    /// <inheritdoc cref="MessageRow.Summary"/>
    public ReadOnlySpan<byte> Summary { get; }
}
