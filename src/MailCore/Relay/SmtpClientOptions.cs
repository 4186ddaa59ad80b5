using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>How a client speaks to one server; <see cref="RelayClientOptions"/> is what a host sets for all. The times are those of RFC 5321 4.5.3.2, for a whole reply each.</summary>
internal sealed record SmtpClientOptions
{
    /// <summary>For one server, with the times and limits that hold for all.</summary>
    public static SmtpClientOptions Of(RelayClientOptions client, string hostName, string serverName) => new()
    {
        HostName = hostName,
        ServerName = serverName,
        Authorities = client.Authorities,
        ConnectTimeout = client.ConnectTimeout,
        HandshakeTimeout = client.HandshakeTimeout,
        GreetingTimeout = client.GreetingTimeout,
        HelloTimeout = client.HelloTimeout,
        ReplyTimeout = client.ReplyTimeout,
        DataTimeout = client.DataTimeout,
        WriteTimeout = client.WriteTimeout,
        MessageTimeout = client.MessageTimeout,
        MaxRecipients = client.MaxRecipients,
        PrefersChunking = client.PrefersChunking,
    };

    /// <summary>What we call ourselves in EHLO.</summary>
    public required string HostName { get; init; }

    /// <summary>The server's name, which its certificate must be for at <see cref="OutboundTlsLevel.Verify"/>.</summary>
    public required string ServerName { get; init; }

    /// <summary>What the connection must be.</summary>
    public OutboundTlsRequirement Requirement { get; init; } = OutboundTlsRequirement.Opportunistic;

    /// <summary>The level of <see cref="Requirement"/>.</summary>
    public OutboundTlsLevel Tls
    {
        get => Requirement.Level;
        init => Requirement = Requirement with { Level = value };
    }

    /// <summary>TLS before everything, as on port 465; there is no cleartext to fall back to.</summary>
    public bool UsesImplicitTls { get; init; }

    /// <summary>LHLO, and a reply for each recipient (RFC 2033).</summary>
    public bool IsLmtp { get; init; }

    /// <summary>Our own address, for servers of its family; null leaves it to the machine.</summary>
    public IPAddress? BindAddress { get; init; }

    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Who must have signed the server's certificate; null for the authorities that the machine trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan GreetingTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answers to EHLO, HELO and LHLO.</summary>
    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answers to STARTTLS, AUTH, MAIL, RCPT and RSET.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For the answer to DATA.</summary>
    public TimeSpan DataTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For each piece of a message that the server is to take.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>For the answer to a message: a server that works on it must not be given it twice.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>For the answer to QUIT, which changes nothing any more.</summary>
    public TimeSpan QuitTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Octets of a reply's line without its end; RFC 5321 says 510, and servers exceed it.</summary>
    public int MaxReplyLine { get; init; } = 2_048;

    public int MaxReplyLines { get; init; } = 100;

    /// <summary>Recipients of one transaction; more are sent in several. A server may set less (RFC 9422).</summary>
    public int MaxRecipients { get; init; } = 100;

    /// <summary>BDAT where the server offers CHUNKING; otherwise only for what DATA can't carry.</summary>
    public bool PrefersChunking { get; init; } = true;
}
