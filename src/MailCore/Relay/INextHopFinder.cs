using System.Net;
using MailCore.Dns;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>Finds the hosts behind a next hop and what is required of the connection to each. Thread-safe.</summary>
internal interface INextHopFinder
{
    /// <summary>The hosts in the order in which to try them, or why there are none: 4xx to try again, 5xx for good (RFC 7505, RFC 5321 5.1).</summary>
    ValueTask<HopPlan> FindAsync(NextHop hop, bool requireTls, CancellationToken cancellationToken);
}

/// <summary>Where to connect to.</summary>
/// <param name="Hosts">In order; empty with a failure.</param>
/// <param name="Failure">Why there are none; null where there are.</param>
internal sealed record HopPlan(IReadOnlyList<HopHost> Hosts, SmtpReply? Failure);

/// <summary>One server of a next hop.</summary>
/// <param name="Name">Its name, or its address where the hop is an IP literal.</param>
/// <param name="Addresses">In the order in which to try them; at least one.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="Tls">What the connection must be.</param>
internal sealed record HopHost(string Name, IReadOnlyList<IPAddress> Addresses, int Port, OutboundTlsRequirement Tls);

/// <summary>What is required of the connection to one server, and by whom.</summary>
public sealed record OutboundTlsRequirement
{
    /// <summary>TLS where it is offered.</summary>
    public static OutboundTlsRequirement Opportunistic { get; } = new() { Level = OutboundTlsLevel.Opportunistic, Source = "default" };

    /// <summary>How much.</summary>
    public required OutboundTlsLevel Level { get; init; }

    /// <summary>Who asked for it, for logs and explanations: "default", "configuration", "mta-sts", "dane", "requiretls".</summary>
    public required string Source { get; init; }

    /// <summary>Names of which the certificate must have one, where it is verified by name; empty means the server's own.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Usable TLSA records (RFC 7672) of which the certificate must match one; empty without DANE.</summary>
    public IReadOnlyList<TlsaRecord> Associations { get; init; } = [];
}

/// <summary>One source of requirements. The gate asks all; the strongest wins. Thread-safe.</summary>
public interface IOutboundTlsPolicy
{
    /// <summary>
    /// What the policy requires of a connection to <paramref name="host"/>, a mail exchanger of <paramref name="domain"/> or the host of
    /// a route; null where it requires nothing. <see cref="OutboundTlsAnswer.Refusal"/> when mail must wait or must not go there.
    /// </summary>
    ValueTask<OutboundTlsAnswer> GetRequirementAsync(string domain, string host, CancellationToken cancellationToken);
}

/// <summary>What a policy says about one host.</summary>
/// <param name="Requirement">What the connection must be; null for no wish.</param>
/// <param name="Refusal">Why the host must not be used now (4xx) or ever (5xx); null where it may be.</param>
public readonly record struct OutboundTlsAnswer(OutboundTlsRequirement? Requirement, SmtpReply? Refusal = null);
