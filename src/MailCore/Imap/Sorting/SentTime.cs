using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>When a message was sent (RFC 5256 2.2).</summary>
internal static class SentTime
{
    /// <summary>The Date field as a time in UTC, in ticks. Where there is none, or it is no date, the internal date counts.</summary>
    public static bool TryRead(EnvelopeView envelope, out long ticks)
    {
        var isDate = envelope.TryGet(EnvelopeFields.Date, out var field) & MailDate.TryParse(field, out var sent);
        ticks = sent.UtcTicks;
        return isDate;
    }
}
