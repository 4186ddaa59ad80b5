namespace MailCore;

/// <summary>What all endpoints of a server share.</summary>
public sealed class MailServerOptions
{
    /// <summary>The name this server gives itself in greetings and trace headers; the machine's name by default.</summary>
    public string HostName { get; set; } = DefaultHostName();

    /// <summary>Domains whose mail is ours, A-labels or U-labels, compared without case.</summary>
    public IList<string> Domains { get; } = [];

    /// <summary>Connections at the same time, all endpoints together; 10,000 by default. More get 421, * BYE or -ERR.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Connections at the same time from one IPv4 address or IPv6 /56, all endpoints together; 20 by default.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 20;

    /// <summary>How long a proxy may take for its PROXY header; 10 s by default. Past it the connection is cut off.</summary>
    public TimeSpan ProxyHeaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Clients that may wait to be accepted, per endpoint; 512 by default.</summary>
    public int Backlog { get; set; } = 512;

    /// <summary>How long a stop lets sessions finish when it is not told otherwise; 10 s by default. A host's own shutdown time-out ends it sooner.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often, at most, a handshake looks whether certificate files have changed; 10 s by default.</summary>
    public TimeSpan CertificateCheckInterval { get; set; } = TimeSpan.FromSeconds(10);

    private static string DefaultHostName()
    {
        var name = Environment.MachineName.ToLowerInvariant();
        return Messaging.EmailAddress.IsDomain(name) ? name : "localhost";
    }
}
