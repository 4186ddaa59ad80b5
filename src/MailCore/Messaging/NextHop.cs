namespace MailCore.Messaging;

/// <summary>Where mail goes next: a domain, by its mail exchangers, or one host. Host names compare without case.</summary>
public sealed record NextHop
{
    private NextHop(string host, int port, bool usesMx, bool isLmtp) => (Host, Port, UsesMx, IsLmtp) = (host.ToLowerInvariant(), port, usesMx, isLmtp);

    /// <summary>A domain, a host name, or an IP address without brackets.</summary>
    public string Host { get; }

    /// <summary>25 by default; 24 for LMTP.</summary>
    public int Port { get; }

    /// <summary>Whether the MX records of <see cref="Host"/> lead on (RFC 5321 5.1); otherwise it is the host itself.</summary>
    public bool UsesMx { get; }

    /// <summary>The server speaks LMTP (RFC 2033).</summary>
    public bool IsLmtp { get; }

    /// <summary>A domain's mail exchangers.</summary>
    public static NextHop Domain(string domain, int port = 25) => new(domain, port, usesMx: true, isLmtp: false);

    /// <summary>One SMTP server.</summary>
    public static NextHop Smtp(string host, int port = 25) => new(host, port, usesMx: false, isLmtp: false);

    /// <summary>One LMTP server.</summary>
    public static NextHop Lmtp(string host, int port = 24) => new(host, port, usesMx: false, isLmtp: true);

    /// <summary>As Postfix writes it: <c>example.org:25</c> by MX, <c>[mx.example.org]:587</c> for a host, <c>lmtp:[host]:24</c> for LMTP.</summary>
    public override string ToString() => UsesMx ? $"{Host}:{Port}" : $"{(IsLmtp ? "lmtp:" : "")}[{Host}]:{Port}";
}
