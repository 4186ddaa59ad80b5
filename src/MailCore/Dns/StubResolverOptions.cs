using System.Net;

namespace MailCore.Dns;

/// <summary>How a <see cref="StubResolver"/> asks.</summary>
public sealed class StubResolverOptions
{
    /// <summary>Recursive servers, asked in this order; empty, the default, for those of the machine as they are at the start.</summary>
    public IList<IPEndPoint> Servers { get; } = [];

    /// <summary>
    /// Whether the servers' word counts that they checked the signatures (<see cref="DnsAnswer.IsAuthenticated"/>). Off. Turn it on
    /// only for validating servers that nobody can stand between, such as an unbound on this machine.
    /// </summary>
    public bool TrustAuthenticatedData { get; set; }

    /// <summary>For one server's answer, by UDP and where it must be by TCP; 2 s by default.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Times each server is asked before the answer is <see cref="DnsOutcome.Failed"/>; 2 by default.</summary>
    public int Rounds { get; set; } = 2;

    /// <summary>Answers kept; 10,000 by default, 0 for none.</summary>
    public int MaxCached { get; set; } = 10_000;

    /// <summary>The longest that an answer with records is kept, whatever its TTL; 1 day by default.</summary>
    public TimeSpan MaxTimeToLive { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The longest that an answer without records is kept (RFC 2308 5); 1 hour by default.</summary>
    public TimeSpan MaxNegativeTimeToLive { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a failure is kept, so that dead servers are not asked for every message (RFC 9520); 5 s by default.</summary>
    public TimeSpan FailureTimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Questions on the wire at one time, others wait; 200 by default.</summary>
    public int MaxConcurrent { get; set; } = 200;
}
