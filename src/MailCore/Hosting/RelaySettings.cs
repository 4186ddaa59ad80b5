namespace MailCore.Hosting;

/// <summary>The section <c>Mail:Relay</c>: how mail goes to other servers.</summary>
public sealed class RelaySettings
{
    /// <summary>Mail for elsewhere is queued and sent (<see cref="MailServerBuilderRelayExtensions.UseRelay"/>).</summary>
    public bool? Enabled { get; set; }

    /// <inheritdoc cref="Relay.RetrySchedule.MinimumDelay"/>
    public TimeSpan? MinimumDelay { get; set; }

    /// <inheritdoc cref="Relay.RetrySchedule.MaximumDelay"/>
    public TimeSpan? MaximumDelay { get; set; }

    /// <inheritdoc cref="Relay.RetrySchedule.Lifetime"/>
    public TimeSpan? Lifetime { get; set; }

    /// <summary>After how long the sender is told that a message still waits; 4 hours by default, 0 for never.</summary>
    public TimeSpan? WarnAfter { get; set; }

    /// <inheritdoc cref="Relay.RelayOptions.MaxConnections"/>
    public int? MaxConnections { get; set; }

    /// <inheritdoc cref="Relay.RelayOptions.MaxConnectionsPerDestination"/>
    public int? MaxConnectionsPerDestination { get; set; }

    /// <summary>An address; see <see cref="Relay.RelayOptions.DoubleBouncesTo"/>.</summary>
    public string? DoubleBouncesTo { get; set; }

    /// <inheritdoc cref="Relay.RelayClientOptions.HelloName"/>
    public string? HelloName { get; set; }

    /// <summary>IP addresses; see <see cref="Relay.RelayClientOptions.BindAddresses"/>.</summary>
    public List<string> BindAddresses { get; set; } = [];

    /// <summary>IP addresses by domain or host.</summary>
    public Dictionary<string, string> BindAddressesByHop { get; set; } = [];

    /// <summary>Servers that take mail to the world, or to a part of it.</summary>
    public List<SmartHostSettings> SmartHosts { get; set; } = [];

    /// <summary>Logins of their own for senders.</summary>
    public List<SenderLoginSettings> SenderLogins { get; set; } = [];

    /// <summary>Senders, and sender domains, whose mail goes to the recipient's own servers whatever the smart hosts say.</summary>
    public List<string> DirectSenders { get; set; } = [];

    /// <summary>Recipient domains whose mail goes to their own servers.</summary>
    public List<string> DirectRecipients { get; set; } = [];

    /// <summary>The <c>postfix-relaymap.cf</c> of a docker-mailserver installation.</summary>
    public string? RelayMapFile { get; set; }

    /// <summary>The <c>postfix-sasl-password.cf</c> of a docker-mailserver installation.</summary>
    public string? PasswordFile { get; set; }

    /// <inheritdoc cref="Relay.Security.OutboundTlsOptions.UsesDane"/>
    public bool? Dane { get; set; }

    /// <summary>Whether the MTA-STS policies of domains are followed (RFC 8461).</summary>
    public bool? MtaSts { get; set; }

    /// <summary>A level of <see cref="Relay.OutboundTlsLevel"/> for all domains without one of their own.</summary>
    public string? Tls { get; set; }

    /// <summary>Levels by domain (example.org), or by what it ends in (.example.org).</summary>
    public Dictionary<string, string> TlsByDomain { get; set; } = [];

    /// <summary>Name servers as 127.0.0.1:53, for everything that is looked up; those of the machine without.</summary>
    public List<string> DnsServers { get; set; } = [];

    /// <summary>Their word for DNSSEC counts; see <see cref="Dns.StubResolverOptions.TrustAuthenticatedData"/>.</summary>
    public bool? TrustDnssec { get; set; }

    /// <summary>How senders of forwarded mail are rewritten; null leaves them as they are.</summary>
    public SrsSettings? Srs { get; set; }

    /// <inheritdoc cref="Relay.RelayClientOptions.MaxRecipients"/>
    public int? MaxRecipients { get; set; }

    /// <inheritdoc cref="Relay.RelayClientOptions.PrefersChunking"/>
    public bool? PrefersChunking { get; set; }

    /// <summary>A PEM file with the authorities that servers' certificates are verified by; without it those that the machine trusts.</summary>
    public string? AuthoritiesFile { get; set; }
}

/// <summary>One smart host.</summary>
public sealed class SmartHostSettings
{
    /// <summary>As Postfix writes it: <c>[smtp.example.net]:587</c>, or a domain, whose MX records lead on. Without a port 587.</summary>
    public string? Host { get; set; }

    /// <summary>A level of <see cref="Relay.OutboundTlsLevel"/>; see <see cref="Relay.SmartHost.Tls"/>.</summary>
    public string? Tls { get; set; }

    /// <inheritdoc cref="Relay.SmartHost.UsesImplicitTls"/>
    public bool? ImplicitTls { get; set; }

    /// <inheritdoc cref="Relay.SmartHostLogin.User"/>
    public string? User { get; set; }

    /// <inheritdoc cref="Relay.SmartHostLogin.Password"/>
    public string? Password { get; set; }

    /// <inheritdoc cref="Relay.SmartHostLogin.AllowCleartext"/>
    public bool? AllowCleartextLogin { get; set; }

    /// <inheritdoc cref="Relay.SmartHost.BindAddress"/>
    public string? BindAddress { get; set; }

    /// <summary>Whose mail goes by it: addresses and domains. With neither these nor recipients it is the default.</summary>
    public List<string> Senders { get; set; } = [];

    /// <summary>Mail for which domains goes by it; ".example.org" for those below.</summary>
    public List<string> Recipients { get; set; } = [];
}

/// <summary>A sender's own login.</summary>
public sealed class SenderLoginSettings
{
    /// <summary>An address or a domain.</summary>
    public string? Sender { get; set; }

    /// <inheritdoc cref="Relay.SmartHostLogin.User"/>
    public string? User { get; set; }

    /// <inheritdoc cref="Relay.SmartHostLogin.Password"/>
    public string? Password { get; set; }
}

/// <summary>See <see cref="Delivery.SrsOptions"/>. Domains of ours are excluded without being named.</summary>
public sealed class SrsSettings
{
    /// <inheritdoc cref="Delivery.SrsOptions.Domain"/>
    public string? Domain { get; set; }

    /// <inheritdoc cref="Delivery.SrsOptions.Secrets"/>
    public List<string> Secrets { get; set; } = [];

    /// <inheritdoc cref="Delivery.SrsOptions.ExcludedDomains"/>
    public List<string> ExcludedDomains { get; set; } = [];

    /// <summary>Days; see <see cref="Delivery.SrsOptions.MaxAge"/>.</summary>
    public int? MaxAgeDays { get; set; }

    /// <inheritdoc cref="Delivery.SrsOptions.HashLength"/>
    public int? HashLength { get; set; }
}
