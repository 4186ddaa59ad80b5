using MailCore.Dns;
using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>One source of requirements. The gate asks all; the strongest wins, and a refusal of any counts. Thread-safe.</summary>
public interface IOutboundTlsPolicy
{
    /// <summary>
    /// The policy is the recipient's domain's own, as MTA-STS and DANE are, not the operator's: it is not asked for messages that say
    /// <c>TLS-Required: No</c> (RFC 8689).
    /// </summary>
    bool IsRecipients => false;

    /// <summary>What the policy requires of a connection to the server. What is thrown makes mail wait.</summary>
    ValueTask<OutboundTlsAnswer> GetRequirementAsync(OutboundServer server, CancellationToken cancellationToken);
}

/// <summary>A server that mail may go to, and how it was found.</summary>
public sealed record OutboundServer
{
    /// <summary>The domain whose mail exchanger it is; the host itself where a route names one.</summary>
    public required string Domain { get; init; }

    /// <summary>The name as the MX record or the route has it.</summary>
    public required string Host { get; init; }

    /// <summary>The TCP port.</summary>
    public required int Port { get; init; }

    /// <summary>MX records, or their absence, led here; otherwise the router named the host.</summary>
    public bool UsesMx { get; init; }

    /// <summary>DNSSEC vouches for <see cref="Host"/> being the domain's exchanger, or nobody has to: a route.</summary>
    public bool IsFoundSecurely { get; init; }

    /// <summary>Where the addresses stand, when aliases led elsewhere; otherwise <see cref="Host"/>.</summary>
    public required string CanonicalHost { get; init; }

    /// <summary>DNSSEC vouches for the addresses, and for every alias on the way to them.</summary>
    public bool HasSecureAddresses { get; init; }
}

/// <summary>What a policy says about one server.</summary>
/// <param name="Requirement">What the connection must be; null for no wish.</param>
/// <param name="Refusal">Why the server must not be used now (4xx) or ever (5xx); null where it may be.</param>
/// <param name="Published">What the domain has published about it; null for nothing.</param>
public readonly record struct OutboundTlsAnswer(OutboundTlsRequirement? Requirement, SmtpReply? Refusal = null, PublishedPolicy? Published = null);

/// <summary>A policy that a domain has published, as reports show it (RFC 8460 4.4).</summary>
/// <param name="Type">"sts" or "tlsa".</param>
/// <param name="Lines">The policy's lines, or the TLSA records.</param>
/// <param name="MxHosts">Patterns of hosts, with MTA-STS.</param>
public sealed record PublishedPolicy(string Type, IReadOnlyList<string> Lines, IReadOnlyList<string> MxHosts)
{
    /// <summary>What is wrong with it, by RFC 8460 4.3; null where nothing is.</summary>
    public string? Problem { get; init; }
}

/// <summary>What is required of the connection to one server, and by whom.</summary>
public sealed record OutboundTlsRequirement
{
    /// <summary>TLS where it is offered.</summary>
    public static OutboundTlsRequirement Opportunistic { get; } = new() { Level = OutboundTlsLevel.Opportunistic, Source = "default" };

    /// <summary>How much.</summary>
    public required OutboundTlsLevel Level { get; init; }

    /// <summary>Who asked for it, for logs and explanations: "default", "configuration", "mta-sts", "dane", "requiretls".</summary>
    public required string Source { get; init; }

    /// <summary>Names of which the certificate must have one, where it is verified by name; empty means the server's own. With DANE the first is the one for SNI.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Usable TLSA records (RFC 7672) of which the certificate must match one; empty without DANE.</summary>
    public IReadOnlyList<TlsaRecord> Associations { get; init; } = [];

    /// <summary>DNSSEC, or a policy in force, vouches for this host being one of the domain's (RFC 8689 asks for it).</summary>
    public bool IsHostVouchedFor { get; init; }
}
