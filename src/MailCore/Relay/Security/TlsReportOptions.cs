namespace MailCore.Relay.Security;

/// <summary>What is counted for TLS reports (RFC 8460), and who makes them.</summary>
public sealed class TlsReportOptions
{
    /// <summary>Who reports, for people to read.</summary>
    public required string OrganizationName { get; set; }

    /// <summary>The address of somebody who can be asked about the reports.</summary>
    public required string ContactInfo { get; set; }

    /// <summary>Characters that may be kept for the days at hand, 4 million by default; what is beyond is counted in <see cref="TlsReportCollector.Dropped"/> alone.</summary>
    public int MaxCharacters { get; set; } = 4_000_000;

    /// <summary>Days that are kept, today among them; 2 by default, since a report is of a whole day and read on the next.</summary>
    public int KeptDays { get; set; } = 2;
}
