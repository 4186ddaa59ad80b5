using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>How the relay speaks with other servers.</summary>
public sealed class RelayClientOptions
{
    private volatile RelayClientOptions? _successor;
    private volatile FrozenDictionary<NextHop, SmartHost>? _smartHostsByHop;

    /// <summary>What we call ourselves in EHLO; null for the server's own name.</summary>
    public string? HelloName { get; set; }

    /// <summary>Our own addresses for connections, at most one of each family; empty leaves them to the machine.</summary>
    public IList<IPAddress> BindAddresses { get; } = [];

    /// <summary>Our own address for mail to a domain or host, before <see cref="BindAddresses"/>.</summary>
    public IDictionary<string, IPAddress> BindAddressesByHop { get; } = new Dictionary<string, IPAddress>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Which mail goes by another server than the recipient's.</summary>
    public SmartHostOptions SmartHosts { get; } = new();

    /// <summary>Who must have signed servers' certificates where they are verified; null for the authorities that the machine trusts.</summary>
    public X509Certificate2Collection? Authorities { get; set; }

    /// <summary>Recipients of one transaction, 1 to 1,000; more are sent in several on the same connection.</summary>
    public int MaxRecipients { get; set; } = 100;

    /// <summary>BDAT where the server offers CHUNKING (RFC 3030); otherwise only for what DATA can't carry.</summary>
    public bool PrefersChunking { get; set; } = true;

    /// <summary>Addresses of a next hop, of all its hosts, that one attempt tries.</summary>
    public int MaxAddresses { get; set; } = 8;

    /// <summary>For a connection to come about.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>For a TLS handshake.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>For the greeting.</summary>
    public TimeSpan GreetingTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answer to EHLO.</summary>
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answers to other commands.</summary>
    public TimeSpan ReplyTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answer to DATA.</summary>
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>For each piece of a message to be taken.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>For the answer to a message. Short times make servers get it twice.</summary>
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What has taken the place of these while the server runs, or these.</summary>
    internal RelayClientOptions Current => _successor ?? this;

    /// <summary>From now on those, in the place of these.</summary>
    internal void Use(RelayClientOptions successor) => _successor = successor;

    /// <summary>The smart hosts by their next hop; made when first asked for, and not again.</summary>
    internal FrozenDictionary<NextHop, SmartHost> SmartHostsByHop =>
        _smartHostsByHop ??= SmartHosts.All().DistinctBy(static host => host.Hop).ToFrozenDictionary(static host => host.Hop);

    internal IPAddress? FindBindAddress(NextHop hop, SmartHost? smart, AddressFamily family) =>
        smart?.BindAddress is { } own ? own
        : BindAddressesByHop.TryGetValue(hop.Host, out var address) ? address
        : BindAddresses.FirstOrDefault(one => one.AddressFamily == family);

    /// <exception cref="ArgumentException">With what to change.</exception>
    internal void Validate()
    {
        if (Problems().FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem);
        }
    }

    /// <summary>What can't be, and what to write instead.</summary>
    internal IEnumerable<string> Problems()
    {
        if (MaxRecipients is < 1 or > 1_000)
        {
            yield return $"{nameof(MaxRecipients)} must be 1 to 1,000, not {MaxRecipients}.";
        }

        if (MaxAddresses < 1)
        {
            yield return $"{nameof(MaxAddresses)} must be 1 or more.";
        }

        if (HelloName is { } name && !EmailAddress.IsDomain(name))
        {
            yield return $"{nameof(HelloName)} '{name}' is not a host name.";
        }

        foreach (var host in SmartHosts.All())
        {
            if (host.Port is < 1 or > 65_535 || (!IPAddress.TryParse(host.Host, out _) && !EmailAddress.IsDomain(host.Host)))
            {
                yield return $"'{host.Host}', port {host.Port}, is no smart host: write a host name without brackets, and a port.";
            }
        }

        foreach (var hop in SmartHosts.Ambiguous())
        {
            yield return $"{hop} has several logins by recipient. Name logins by sender (LoginsBySender), or one for all.";
        }

        TimeSpan[] times = [ConnectTimeout, HandshakeTimeout, GreetingTimeout, HelloTimeout, ReplyTimeout, DataTimeout, WriteTimeout, MessageTimeout];
        if (times.Any(static time => time <= TimeSpan.Zero))
        {
            yield return "The relay's time-outs must be longer than nothing.";
        }
    }
}
