using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>What TLS the relay asks of other servers.</summary>
public sealed class OutboundTlsOptions
{
    private readonly Dictionary<string, OutboundTlsRule> _rules = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>For domains without a rule of their own; <see cref="OutboundTlsLevel.Opportunistic"/> by default. Policies of the domains come on top.</summary>
    public OutboundTlsLevel DefaultLevel { get; set; } = OutboundTlsLevel.Opportunistic;

    /// <summary>DANE (RFC 7672). Needs a resolver whose word for DNSSEC is trusted (<see cref="Dns.StubResolverOptions.TrustAuthenticatedData"/>).</summary>
    public bool UsesDane { get; set; }

    /// <summary>How MTA-STS policies are fetched (RFC 8461); null, the default, for not at all.</summary>
    public MtaStsOptions? MtaSts { get; set; }

    /// <summary>
    /// Whether DANE and MTA-STS are passed over for messages with the field <c>TLS-Required: No</c> (RFC 8689), which their senders would have
    /// delivered rather than protected; true by default. Levels set here hold for these, too.
    /// </summary>
    public bool HonoursTlsRequiredNo { get; set; } = true;

    /// <summary>Counts sessions for TLS reports (RFC 8460), which <see cref="TlsReportCollector"/> among the services hands out; null, the default, for not at all.</summary>
    public TlsReportOptions? TlsReports { get; set; }

    /// <summary>Which family of addresses is tried first; they take turns.</summary>
    public AddressOrder AddressOrder { get; set; }

    /// <summary>Hosts of a domain that are looked at, the most preferred first; 16 by default.</summary>
    public int MaxExchangers { get; set; } = 16;

    /// <summary>Names under which MX records may list this server, besides its own: it and those behind it are passed over (RFC 5321 5.1).</summary>
    public IList<string> OwnNames { get; } = [];

    /// <summary>The rules by domain.</summary>
    public IReadOnlyDictionary<string, OutboundTlsRule> Rules => _rules;

    /// <summary>Sets <see cref="UsesDane"/>.</summary>
    public OutboundTlsOptions UseDane()
    {
        UsesDane = true;
        return this;
    }

    /// <summary>Follows the MTA-STS policies of domains.</summary>
    public OutboundTlsOptions UseMtaSts(Action<MtaStsOptions>? configure = null)
    {
        MtaSts ??= new MtaStsOptions();
        configure?.Invoke(MtaSts);
        return this;
    }

    /// <summary>
    /// Asks for a level of TLS for mail to a domain ("example.org"), or to those below it (".example.org"). <paramref name="names"/>: the
    /// certificate must be for one of these, where it is verified; for the server's own name without.
    /// </summary>
    /// <exception cref="ArgumentException">That is no domain.</exception>
    public OutboundTlsOptions UseTlsPolicy(string domain, OutboundTlsLevel level, params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (!EmailAddress.IsDomain(domain.StartsWith('.') ? domain.AsSpan(1) : domain))
        {
            throw new ArgumentException($"'{domain}' is not a mail domain; write example.org, or .example.org for those below it.", nameof(domain));
        }

        _rules[domain] = new OutboundTlsRule(level, names);
        return this;
    }

    internal OutboundTlsRule? Find(string domain)
    {
        if (_rules.TryGetValue(domain, out var rule))
        {
            return rule;
        }

        for (var dot = domain.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = domain.IndexOf('.', dot + 1))
        {
            if (_rules.TryGetValue(domain[dot..], out rule))
            {
                return rule;
            }
        }

        return null;
    }
}

/// <summary>The rule for one domain.</summary>
/// <param name="Level">At least this.</param>
/// <param name="Names">Of which the certificate must have one; empty for the server's own.</param>
public sealed record OutboundTlsRule(OutboundTlsLevel Level, IReadOnlyList<string> Names);

/// <summary>Which addresses of a host are tried, and in which order.</summary>
public enum AddressOrder
{
    /// <summary>IPv6 and IPv4 in turns.</summary>
    Ipv6First,

    /// <summary>IPv4 and IPv6 in turns.</summary>
    Ipv4First,

    /// <summary>IPv6 alone.</summary>
    Ipv6Only,

    /// <summary>IPv4 alone.</summary>
    Ipv4Only,
}
