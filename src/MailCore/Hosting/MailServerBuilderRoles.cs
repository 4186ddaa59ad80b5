using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>Endpoints by role: each brings its protocol, its TLS rule and its rule for logins (RFC 8314).</summary>
public static class MailServerBuilderRoles
{
    /// <summary>IMAP with STARTTLS enforced; 143 is its port.</summary>
    public static ProtocolEndpointBuilder<ImapOptions> ListenImap(
        this MailServerBuilder mail, int port = 143, Action<ProtocolEndpointBuilder<ImapOptions>>? configure = null) =>
        AddImap(mail, new("imap", port, new ImapOptions()) { Tls = TlsPolicy.Required }, configure);

    /// <summary>IMAP with TLS from the first octet; 993 is its port.</summary>
    public static ProtocolEndpointBuilder<ImapOptions> ListenImaps(
        this MailServerBuilder mail, int port = 993, Action<ProtocolEndpointBuilder<ImapOptions>>? configure = null) =>
        AddImap(mail, new("imaps", port, new ImapOptions()) { Tls = TlsPolicy.Implicit }, configure);

    private static ProtocolEndpointBuilder<ImapOptions> AddImap(
        MailServerBuilder mail, ProtocolEndpointBuilder<ImapOptions> endpoint, Action<ProtocolEndpointBuilder<ImapOptions>>? configure)
    {
        ArgumentNullException.ThrowIfNull(mail);
        endpoint.NeedsStore = true;
        endpoint.UseProtocol((services, tls) =>
        {
            endpoint.Options.HostName = mail.HostName;
            return new ImapProtocol(endpoint.Options, new ImapServices
            {
                Tls = tls,
                Login = services.GetRequiredService<LoginService>(),
                Accounts = services.GetRequiredService<MailAccounts>(),
                Time = services.GetRequiredService<TimeProvider>(),
                Loggers = services.GetRequiredService<ILoggerFactory>(),
            });
        });
        return mail.Add(endpoint, configure);
    }
}
