using System.Net;
using MailCore.Messaging;
using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>Finds the hosts behind a next hop and what is required of the connection to each. Thread-safe.</summary>
internal interface INextHopFinder
{
    /// <summary>The hosts in the order in which to try them, or why there are none: 4xx to try again, 5xx for good (RFC 7505, RFC 5321 5.1).</summary>
    ValueTask<HopPlan> FindAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken);
}

/// <summary>Where to connect to.</summary>
/// <param name="Hosts">In order; empty with a failure.</param>
/// <param name="Failure">Why there are none; null where there are.</param>
internal sealed record HopPlan(IReadOnlyList<HopHost> Hosts, SmtpReply? Failure)
{
    /// <summary>Why some hosts are passed over, for explanations.</summary>
    public IReadOnlyList<SmtpReply> Refusals { get; init; } = [];

    /// <summary>Hosts that a published policy forbids now, for reports.</summary>
    public IReadOnlyList<HopHost> Forbidden { get; init; } = [];
}

/// <summary>One server of a next hop.</summary>
/// <param name="Name">Its name, or its address where the hop is an IP literal.</param>
/// <param name="Addresses">In the order in which to try them; at least one.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="Tls">What the connection must be.</param>
internal sealed record HopHost(string Name, IReadOnlyList<IPAddress> Addresses, int Port, OutboundTlsRequirement Tls)
{
    /// <summary>What the domain has published, for reports.</summary>
    public IReadOnlyList<PublishedPolicy> Policies { get; init; } = [];
}
