using System.Net.Security;
using System.Security.Authentication;

namespace MailCore.Tls;

/// <summary>TLS in words, for trace headers and logs.</summary>
public static class TlsDescription
{
    /// <summary>Such as "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384".</summary>
    public static string Of(SslStream tls)
    {
        ArgumentNullException.ThrowIfNull(tls);
        var version = tls.SslProtocol switch
        {
            SslProtocols.Tls12 => "TLSv1.2",
            SslProtocols.Tls13 => "TLSv1.3",
            var other => other.ToString(),
        };
        return $"{version} with cipher {tls.NegotiatedCipherSuite}";
    }
}
