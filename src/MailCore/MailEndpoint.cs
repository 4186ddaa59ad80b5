using System.Collections;
using System.Net;
using System.Net.Sockets;
using MailCore.Net;
using MailCore.Tls;

namespace MailCore;

/// <summary>One address on which one protocol is served.</summary>
public sealed class MailEndpoint
{
    // Replaced together: a connection is served by the protocol that it was let in for.
    private volatile Service _service;

    internal MailEndpoint(string name, EndPoint endPoint, TlsUpgrade tls, IMailProtocol protocol, MailConnectionDelegate run) =>
        (Name, EndPoint, TlsUpgrade, _service) = (name, endPoint, tls, new Service(protocol, run));

    /// <summary>Its role: "smtp", "submissions", "imap"; a second one of a role is "smtp-2".</summary>
    public string Name { get; }

    /// <summary>What it is for, in a word or two: "Transfer", "Submission", "Retrieval"; empty where the host did not say.</summary>
    public string Purpose { get; internal init; } = "";

    /// <summary>The address bound; before the start the one configured, whose port may be 0.</summary>
    public EndPoint EndPoint
    {
        get => Where?.Invoke() ?? field;
        internal set;
    }

    /// <summary>Tells the address of an endpoint that something else has bound; null for our own.</summary>
    internal Func<EndPoint>? Where { get; init; }

    /// <summary>The port bound, or 0 for a Unix socket.</summary>
    public int Port => (EndPoint as IPEndPoint)?.Port ?? 0;

    /// <summary>Its TLS rule.</summary>
    public TlsPolicy Tls => TlsUpgrade.Policy;

    /// <summary>What is spoken.</summary>
    public IMailProtocol Protocol => _service.Protocol;

    /// <summary>The inherited socket that it must be served on; null where any that fits will do, or none.</summary>
    internal string? SocketName { get; init; }

    /// <summary>Proxies that must begin each connection with a PROXY header.</summary>
    internal IReadOnlyList<IPNetwork> ProxyFrom { get; init; } = [];

    internal TlsUpgrade TlsUpgrade { get; }

    internal MailConnectionDelegate Run => _service.Run;

    /// <summary>Only this machine can reach it.</summary>
    public bool IsLocal => EndPoint switch
    {
        IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
        UnixDomainSocketEndPoint => true,
        _ => false,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Name} on {EndPoint}";

    /// <summary>Serves new connections so; those that are there go on as they began.</summary>
    internal void Serve(IMailProtocol protocol, MailConnectionDelegate run) => _service = new Service(protocol, run);

    private sealed record Service(IMailProtocol Protocol, MailConnectionDelegate Run);
}

/// <summary>A server's endpoints, in the order they were configured.</summary>
public sealed class MailEndpointCollection : IReadOnlyList<MailEndpoint>
{
    // Replaced as a whole: read without a lock.
    private volatile List<MailEndpoint> _endpoints;

    internal MailEndpointCollection(List<MailEndpoint> endpoints) => _endpoints = endpoints;

    internal void Add(MailEndpoint endpoint) => _endpoints = [.. _endpoints, endpoint];

    /// <inheritdoc/>
    public int Count => _endpoints.Count;

    /// <inheritdoc/>
    public MailEndpoint this[int index] => _endpoints[index];

    /// <summary>The endpoint of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists those there are.</exception>
    public MailEndpoint this[string name] =>
        _endpoints.Find(endpoint => endpoint.Name == name)
        ?? throw new KeyNotFoundException($"No endpoint is called '{name}'; there are: {string.Join(", ", _endpoints.Select(static endpoint => endpoint.Name))}.");

    /// <inheritdoc/>
    public IEnumerator<MailEndpoint> GetEnumerator() => _endpoints.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
