using System.Net.Security;

namespace MailCore.Tls;

/// <summary>The host's own choice by name.</summary>
internal sealed class SelectedCertificates(Func<string?, ServerCertificate> select) : IServerCertificates
{
    public SslStreamCertificateContext Select(string? serverName) => select(serverName).Select(serverName);
}
