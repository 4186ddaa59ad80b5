using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailCore.Net;
using MailCore.Tls;

namespace MailCore.Authentication;

/// <summary>What an authenticator is told beside the secret.</summary>
/// <param name="Protocol">"smtp", "imap", "pop3".</param>
/// <param name="RemoteEndPoint">The client, after the PROXY protocol.</param>
/// <param name="IsSecured">TLS is on.</param>
public sealed record AuthenticationContext(string Protocol, EndPoint? RemoteEndPoint, bool IsSecured)
{
    /// <summary>The TLS session, for channel binding and client certificates; null in cleartext and where something else ends TLS.</summary>
    public SslStream? Tls { get; init; }

    /// <summary>Whether logins are allowed on this connection now: in cleartext only where the endpoint's policy says so.</summary>
    public bool AllowsLogin { get; init; } = IsSecured;

    /// <summary>What the client has proved to hold the key of, if the endpoint trusts it.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Describes a connection under its endpoint's policy.</summary>
    public static AuthenticationContext Of(string protocol, MailConnection connection, TlsPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(policy);
        var isSecured = connection.Tls is not null;
        return new AuthenticationContext(protocol, connection.RemoteEndPoint, isSecured)
        {
            Tls = connection.Tls,
            ClientCertificate = connection.ClientCertificate,
            AllowsLogin = policy.AllowsAuthentication(isSecured),
        };
    }
}
