using System.Security.Cryptography.X509Certificates;

namespace MailCore.Relay.Security;

/// <summary>How MTA-STS policies are fetched and kept.</summary>
public sealed class MtaStsOptions
{
    /// <summary>For a fetch from its first octet to its last; 20 s by default.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>After a fetch that failed the next one waits at least this long; 5 min by default (RFC 8461 3.3).</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A policy that is in use is fetched anew after this, also without a change of its record; 1 day by default.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The port of https://mta-sts.DOMAIN; anything but 443, the default, is for tests.</summary>
    public int Port { get; set; } = 443;

    /// <summary>Who must have signed the web server's certificate; null for the authorities that the machine trusts.</summary>
    public X509Certificate2Collection? Authorities { get; set; }
}
