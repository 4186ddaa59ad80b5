using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailCore.Net;
using MailCore.Tls;

namespace MailCore.Hosting;

/// <summary>Makes a protocol for one endpoint once the services exist.</summary>
public delegate IMailProtocol MailProtocolFactory(IServiceProvider services, TlsUpgrade tls);

/// <summary>One endpoint while it is being configured.</summary>
public class MailEndpointBuilder
{
    private readonly List<Func<MailConnectionDelegate, MailConnectionDelegate>> _layers = [];

    internal MailEndpointBuilder(string name, int port) => (Name, Port) = (name, port);

    /// <summary>Its role, and the key in <see cref="MailServer.Endpoints"/>.</summary>
    public string Name { get; set; }

    /// <inheritdoc cref="MailEndpoint.Purpose"/>
    public string Purpose { get; set; } = "";

    /// <summary>0 takes any free port.</summary>
    public int Port { get; set; }

    /// <summary>Null means the builder's <see cref="MailServerBuilder.BindAddress"/>.</summary>
    public IPAddress? Address { get; set; }

    /// <summary>A Unix socket in the place of address and port.</summary>
    public string? UnixSocketPath { get; set; }

    /// <summary>
    /// The name of the inherited socket to be served on, where the server has such (<see cref="MailServerBuilderSockets.UseSocketActivation"/>): the
    /// start fails without it. Null for one that fits, or for binding.
    /// </summary>
    public string? SocketName { get; set; }

    /// <summary>The TLS rule; a role's method sets the one that fits the role.</summary>
    public TlsPolicy Tls { get; set; } = TlsPolicy.None;

    /// <summary>
    /// Proxies whose connections begin with a PROXY header, version 1 or 2, before TLS; the address it names is the client's from
    /// then on. From anywhere else such a header is what it looks like: not mail. None by default.
    /// </summary>
    public IList<IPNetwork> ProxyFrom { get; } = [];

    internal MailProtocolFactory? Protocol { get; private set; }

    internal bool NeedsStore { get; set; }

    /// <summary>Something else accepts its connections, and may have made TLS on them.</summary>
    internal Func<EndPoint>? Where { get; set; }

    /// <summary>Whether clients come here to log in: those that are banned are not let in.</summary>
    internal virtual bool TakesLogins => false;

    internal IReadOnlyList<Func<MailConnectionDelegate, MailConnectionDelegate>> Layers => _layers;

    /// <summary>Listens on this address only.</summary>
    public MailEndpointBuilder On(IPAddress address)
    {
        Address = address;
        return this;
    }

    /// <summary>Offers STARTTLS, and with <paramref name="required"/> insists on it.</summary>
    public MailEndpointBuilder UseStartTls(bool required = false)
    {
        Tls = Tls with { Mode = required ? TlsMode.Required : TlsMode.Opportunistic };
        return this;
    }

    /// <summary>TLS from the first octet.</summary>
    public MailEndpointBuilder UseImplicitTls()
    {
        Tls = Tls with { Mode = TlsMode.Implicit };
        return this;
    }

    /// <summary>No TLS at all.</summary>
    public MailEndpointBuilder UseCleartext()
    {
        Tls = Tls with { Mode = TlsMode.None };
        return this;
    }

    /// <summary>Lets clients log in without TLS; refused at the start unless the endpoint is on loopback or a Unix socket.</summary>
    public MailEndpointBuilder AllowCleartextAuthentication()
    {
        Tls = Tls with { AllowCleartextAuthentication = true };
        return this;
    }

    /// <inheritdoc cref="ProxyFrom"/>
    public MailEndpointBuilder UseProxyProtocol(params IReadOnlyList<IPNetwork> from)
    {
        ArgumentNullException.ThrowIfNull(from);
        foreach (var network in from)
        {
            ProxyFrom.Add(network);
        }

        return this;
    }

    /// <summary>Asks clients for certificates that <paramref name="authorities"/>, or else those that the machine trusts, have signed.</summary>
    public MailEndpointBuilder UseClientCertificates(ClientCertificateRule rule = ClientCertificateRule.Request, X509Certificate2Collection? authorities = null)
    {
        Tls = Tls with { ClientCertificates = rule, ClientAuthorities = authorities };
        return this;
    }

    /// <summary>Serves this protocol.</summary>
    public MailEndpointBuilder UseProtocol(MailProtocolFactory protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        Protocol = protocol;
        return this;
    }

    /// <summary>Serves this protocol, the same object for all connections.</summary>
    public MailEndpointBuilder UseProtocol(IMailProtocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return UseProtocol((_, _) => protocol);
    }

    /// <summary>Wraps the handling of every connection of this endpoint; the first one added sees a connection first, before TLS.</summary>
    public MailEndpointBuilder Use(Func<MailConnectionDelegate, MailConnectionDelegate> layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        _layers.Add(layer);
        return this;
    }

    internal EndPoint EndPoint(IPAddress bindAddress)
    {
        if (UnixSocketPath is { } path)
        {
            return new UnixDomainSocketEndPoint(path);
        }

        var address = Address ?? bindAddress;
        // A machine without IPv6 has no dual mode either.
        return new IPEndPoint(address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6 ? IPAddress.Any : address, Port);
    }
}
