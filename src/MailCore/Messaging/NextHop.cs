using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace MailCore.Messaging;

/// <summary>Where mail goes next: a domain, by its mail exchangers, or one host. Host names compare without case.</summary>
public sealed record NextHop
{
    private NextHop(string host, int port, bool usesMx, bool isLmtp) =>
        (Host, Port, UsesMx, IsLmtp) = (host.StartsWith('/') ? host : host.ToLowerInvariant(), port, usesMx, isLmtp);

    /// <summary>A domain, a host name, an IP address without brackets, or the path of a Unix socket.</summary>
    public string Host { get; }

    /// <summary>25 by default; 24 for LMTP.</summary>
    public int Port { get; }

    /// <summary>Whether the MX records of <see cref="Host"/> lead on (RFC 5321 5.1); otherwise it is the host itself.</summary>
    public bool UsesMx { get; }

    /// <summary>The server speaks LMTP (RFC 2033).</summary>
    public bool IsLmtp { get; }

    /// <summary><see cref="Host"/> is the path of a Unix socket, and <see cref="Port"/> means nothing.</summary>
    public bool IsSocket => Host.StartsWith('/');

    /// <summary>A domain's mail exchangers.</summary>
    public static NextHop Domain(string domain, int port = 25) => new(domain, port, usesMx: true, isLmtp: false);

    /// <summary>One SMTP server.</summary>
    public static NextHop Smtp(string host, int port = 25) => new(host, port, usesMx: false, isLmtp: false);

    /// <summary>One LMTP server.</summary>
    public static NextHop Lmtp(string host, int port = 24) => new(host, port, usesMx: false, isLmtp: true);

    /// <summary>One LMTP server on a Unix socket, by its absolute path.</summary>
    public static NextHop LmtpSocket(string path) =>
        path is ['/', ..] ? new(path, port: 0, usesMx: false, isLmtp: true) : throw new ArgumentException("The path of a socket starts with '/'.", nameof(path));

    /// <summary>As Postfix writes it: <c>example.org:25</c> by MX, <c>[mx.example.org]:587</c> for a host, <c>lmtp:[host]:24</c> and <c>lmtp:unix:/path</c> for LMTP.</summary>
    public override string ToString() => IsSocket ? $"lmtp:unix:{Host}" : UsesMx ? $"{Host}:{Port}" : $"{(IsLmtp ? "lmtp:" : "")}[{Host}]:{Port}";

    /// <summary>
    /// Reads what <see cref="ToString"/> writes; the port, and the brackets of LMTP's host, may be left out. An IPv6 address stands in
    /// brackets.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out NextHop? hop)
    {
        hop = null;
        var rest = text.AsSpan().Trim();
        var isLmtp = rest.StartsWith("lmtp:", StringComparison.OrdinalIgnoreCase);
        rest = isLmtp ? rest[5..] : rest;
        if (isLmtp && rest.StartsWith("unix:/"))
        {
            hop = LmtpSocket(rest[5..].ToString());
            return true;
        }

        var isHost = rest.StartsWith('[');
        var end = isHost ? rest.IndexOf(']') : rest.IndexOf(':') is var colon and >= 0 ? colon : rest.Length;
        if (end < 0)
        {
            return false;
        }

        var host = isHost ? rest[1..end] : rest[..end];
        var behind = rest[(isHost ? end + 1 : end)..];
        var port = isLmtp ? 24 : 25;
        if (!behind.IsEmpty && (behind[0] != ':' || !int.TryParse(behind[1..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65535))
        {
            return false;
        }

        // An address literal's brackets are not part of the host; a name without brackets must be one.
        if (host.StartsWith('[') || (!EmailAddress.IsDomain(host) && !(isHost && IPAddress.TryParse(host, out _))))
        {
            return false;
        }

        hop = isLmtp ? Lmtp(host.ToString(), port) : isHost ? Smtp(host.ToString(), port) : Domain(host.ToString(), port);
        return true;
    }
}
