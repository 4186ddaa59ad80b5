using System.Net;
using MailCore.Smtp;
using MailCore.Tls;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Tells who has no mail yet where to send some.</summary>
internal static class SmtpAddresses
{
    /// <summary>Endpoints that take mail by SMTP on a port.</summary>
    public static IReadOnlyList<SmtpAddressBody> Of(IEnumerable<MailEndpoint> endpoints) =>
    [
        .. from endpoint in endpoints
           where endpoint.Protocol is SmtpProtocol && endpoint.Protocol.Name != SmtpDialect.Lmtp.Name && endpoint.Port > 0
           select new SmtpAddressBody(endpoint.Name, AddressOf(endpoint.EndPoint), endpoint.Port, TlsOf(endpoint.Tls.Mode)),
    ];

    private static string AddressOf(EndPoint endPoint) => endPoint is not IPEndPoint { Address: var address } ? "localhost"
        : address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? "localhost"
        : address.ToString();

    private static string TlsOf(TlsMode mode) => mode switch
    {
        TlsMode.Implicit => "implicit",
        TlsMode.None => "none",
        _ => "starttls",
    };
}
