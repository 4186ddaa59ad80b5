using System.Diagnostics.Metrics;
using System.Net;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Imap;
using MailCore.Imap.Extensions;
using MailCore.Pop3;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>
/// Endpoints by role: each brings its protocol, its rule for logins, and the TLS rule that the builder's preset has for the role.
/// What is said here of TLS is the default preset's.
/// </summary>
public static class MailServerBuilderRoles
{
    /// <summary>Takes the preset's rules, and listens on all ports that it has on; <paramref name="configure"/> may change each.</summary>
    public static MailServerBuilder UsePreset(this MailServerBuilder mail, MailServerPreset preset, Action<MailEndpointBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(preset);
        mail.Preset = preset;
        foreach (var endpoint in preset.Endpoints.Where(static endpoint => endpoint.IsOn))
        {
            Listen(mail, endpoint.Role, endpoint.Port, configure);
        }

        return mail;
    }

    /// <summary>Mail from other servers, STARTTLS offered, no logins; 25 is its port.</summary>
    public static SmtpEndpointBuilder ListenSmtp(this MailServerBuilder mail, int port = 25, Action<SmtpEndpointBuilder>? configure = null) =>
        AddSmtp(mail, new("smtp", port, SmtpDialect.Transfer, mail) { Tls = Rule(mail, ListenerRole.Smtp), Purpose = "Transfer" }, configure);

    /// <summary>Mail from our own users, STARTTLS and a login enforced; 587 is its port.</summary>
    public static SmtpEndpointBuilder ListenSubmission(this MailServerBuilder mail, int port = 587, Action<SmtpEndpointBuilder>? configure = null) =>
        AddSmtp(mail, new("submission", port, SmtpDialect.Submission, mail) { Tls = Rule(mail, ListenerRole.Submission), Purpose = "Submission" }, configure);

    /// <summary>Mail from our own users, TLS from the first octet and a login enforced; 465 is its port.</summary>
    public static SmtpEndpointBuilder ListenSubmissions(this MailServerBuilder mail, int port = 465, Action<SmtpEndpointBuilder>? configure = null) =>
        AddSmtp(mail, new("submissions", port, SmtpDialect.Submission, mail) { Tls = Rule(mail, ListenerRole.Submissions), Purpose = "Submission" }, configure);

    /// <summary>Mail from a server that has accepted it already, on a Unix socket.</summary>
    public static SmtpEndpointBuilder ListenLmtp(this MailServerBuilder mail, string unixSocketPath, Action<SmtpEndpointBuilder>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(unixSocketPath);
        return AddSmtp(mail, new("lmtp", 0, SmtpDialect.Lmtp, mail) { Purpose = "Local delivery", UnixSocketPath = unixSocketPath }, configure);
    }

    /// <summary>Mail from a server that has accepted it already; on loopback unless told otherwise, since who connects is trusted. 24 is its port.</summary>
    public static SmtpEndpointBuilder ListenLmtp(this MailServerBuilder mail, int port = 24, Action<SmtpEndpointBuilder>? configure = null) =>
        AddSmtp(mail, new("lmtp", port, SmtpDialect.Lmtp, mail) { Purpose = "Local delivery", Address = IPAddress.Loopback }, configure);

    /// <summary>IMAP with STARTTLS enforced; 143 is its port.</summary>
    public static ProtocolEndpointBuilder<ImapOptions> ListenImap(
        this MailServerBuilder mail, int port = 143, Action<ProtocolEndpointBuilder<ImapOptions>>? configure = null) =>
        AddImap(mail, new("imap", port, new ImapOptions()) { Tls = Rule(mail, ListenerRole.Imap), Purpose = "Retrieval" }, configure);

    /// <summary>IMAP with TLS from the first octet; 993 is its port.</summary>
    public static ProtocolEndpointBuilder<ImapOptions> ListenImaps(
        this MailServerBuilder mail, int port = 993, Action<ProtocolEndpointBuilder<ImapOptions>>? configure = null) =>
        AddImap(mail, new("imaps", port, new ImapOptions()) { Tls = Rule(mail, ListenerRole.Imaps), Purpose = "Retrieval" }, configure);

    /// <summary>POP3 with STLS enforced; 110 is its port.</summary>
    public static ProtocolEndpointBuilder<Pop3Options> ListenPop3(
        this MailServerBuilder mail, int port = 110, Action<ProtocolEndpointBuilder<Pop3Options>>? configure = null) =>
        AddPop3(mail, new("pop3", port, new Pop3Options()) { Tls = Rule(mail, ListenerRole.Pop3), Purpose = "Retrieval" }, configure);

    /// <summary>POP3 with TLS from the first octet; 995 is its port.</summary>
    public static ProtocolEndpointBuilder<Pop3Options> ListenPop3s(
        this MailServerBuilder mail, int port = 995, Action<ProtocolEndpointBuilder<Pop3Options>>? configure = null) =>
        AddPop3(mail, new("pop3s", port, new Pop3Options()) { Tls = Rule(mail, ListenerRole.Pop3s), Purpose = "Retrieval" }, configure);

    internal static MailEndpointBuilder Listen(MailServerBuilder mail, ListenerRole role, int port, Action<MailEndpointBuilder>? configure) => role switch
    {
        ListenerRole.Smtp => mail.ListenSmtp(port, configure),
        ListenerRole.Submission => mail.ListenSubmission(port, configure),
        ListenerRole.Submissions => mail.ListenSubmissions(port, configure),
        ListenerRole.Lmtp => mail.ListenLmtp(port, configure),
        ListenerRole.Imap => mail.ListenImap(port, configure),
        ListenerRole.Imaps => mail.ListenImaps(port, configure),
        ListenerRole.Pop3 => mail.ListenPop3(port, configure),
        ListenerRole.Pop3s => mail.ListenPop3s(port, configure),
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    private static TlsPolicy Rule(MailServerBuilder mail, ListenerRole role)
    {
        ArgumentNullException.ThrowIfNull(mail);
        return new TlsPolicy(mail.Preset.TlsFor(role));
    }

    private static SmtpEndpointBuilder AddSmtp(MailServerBuilder mail, SmtpEndpointBuilder endpoint, Action<SmtpEndpointBuilder>? configure)
    {
        endpoint.UseProtocol((services, tls) =>
        {
            endpoint.Options.HostName = mail.HostName;
            if (endpoint.Options.Dialect == SmtpDialect.Transfer)
            {
                endpoint.Options.TrustedNetworks = mail.TrustedNetworks;
            }

            var (router, delivery) = endpoint.Handler is { } handler
                ? (new HandlerRouter(handler), handler)
                : (services.GetRequiredService<IMessageRouter>(), services.GetRequiredService<IMessageDelivery>());
            return new SmtpProtocol(endpoint.Options, new SmtpServices
            {
                Tls = tls,
                Router = router,
                Delivery = delivery,
                Staging = services.GetRequiredService<IMessageStaging>(),
                Login = services.GetRequiredService<LoginService>(),
                Directory = services.GetRequiredService<IMailDirectory>(),
                Filters = [.. services.GetServices<SmtpFilterRegistration>(), .. endpoint.Filters.Select(filter => filter(services))],
                Trace = services.GetService<IMessageTrace>(),
                Meters = services.GetService<IMeterFactory>(),
                Records = services.GetService<SessionRecords>(),
                Scopes = services.GetRequiredService<IServiceScopeFactory>(),
                Time = services.GetRequiredService<TimeProvider>(),
                Loggers = services.GetRequiredService<ILoggerFactory>(),
            });
        });
        return mail.Add(endpoint, configure);
    }

    private static ProtocolEndpointBuilder<ImapOptions> AddImap(
        MailServerBuilder mail, ProtocolEndpointBuilder<ImapOptions> endpoint, Action<ProtocolEndpointBuilder<ImapOptions>>? configure)
    {
        ArgumentNullException.ThrowIfNull(mail);
        endpoint.NeedsStore = true;
        endpoint.UseProtocol((services, tls) =>
        {
            endpoint.Options.HostName = mail.HostName;
            endpoint.Options.SharedAccount ??= mail.SharedAccount;
            return new ImapProtocol(endpoint.Options, new ImapServices
            {
                Tls = tls,
                Login = services.GetRequiredService<LoginService>(),
                Accounts = services.GetRequiredService<MailAccounts>(),
                Authorization = services.GetRequiredService<IMailboxAuthorization>(),
                Extensions = [.. services.GetServices<ImapExtension>()],
                Metadata = [.. services.GetServices<ImapMetadataSource>()],
                Meters = services.GetService<IMeterFactory>(),
                Time = services.GetRequiredService<TimeProvider>(),
                Loggers = services.GetRequiredService<ILoggerFactory>(),
            });
        });
        return mail.Add(endpoint, configure);
    }

    private static ProtocolEndpointBuilder<Pop3Options> AddPop3(
        MailServerBuilder mail, ProtocolEndpointBuilder<Pop3Options> endpoint, Action<ProtocolEndpointBuilder<Pop3Options>>? configure)
    {
        ArgumentNullException.ThrowIfNull(mail);
        endpoint.NeedsStore = true;
        endpoint.UseProtocol((services, tls) =>
        {
            endpoint.Options.HostName = mail.HostName;
            return new Pop3Protocol(endpoint.Options, new Pop3Services
            {
                Tls = tls,
                Login = services.GetRequiredService<LoginService>(),
                Accounts = services.GetRequiredService<MailAccounts>(),
                Authorization = services.GetRequiredService<IMailboxAuthorization>(),
                Locks = services.GetRequiredService<Pop3MailDropLocks>(),
                Meters = services.GetService<IMeterFactory>(),
                State = services.GetRequiredService<IServerState>(),
                Time = services.GetRequiredService<TimeProvider>(),
                Loggers = services.GetRequiredService<ILoggerFactory>(),
            });
        });
        return mail.Add(endpoint, configure);
    }
}
