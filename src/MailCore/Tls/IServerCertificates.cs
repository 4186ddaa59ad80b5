using System.Net.Security;

namespace MailCore.Tls;

/// <summary>The certificates a server can show. Asked at every handshake, so that a renewed one is used at once. Thread-safe.</summary>
public interface IServerCertificates
{
    /// <summary>The certificate with its chain for the name the client asked for by SNI; null or unknown names get the default one.</summary>
    SslStreamCertificateContext Select(string? serverName);
}
