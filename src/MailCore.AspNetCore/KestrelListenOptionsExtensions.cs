using MailCore;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Imap;
using MailCore.Pop3;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;

#pragma warning disable IDE0130 // Where hosts look for it.
namespace Microsoft.AspNetCore.Hosting;
#pragma warning restore IDE0130

/// <summary>
/// Mail on Kestrel's listeners in the place of MailCore's own: each method makes a listener one of a mail server's endpoints, with the
/// rules of its role. The server is that of AddMailServer, which calls <see cref="UseKestrel"/>.
/// </summary>
/// <remarks>
/// UseHttps before it is TLS from the first octet (behind it, connections are closed unanswered and the log says why); without it the role's own rule holds, and STARTTLS uses the mail server's certificate.
/// The limits of both apply.
/// </remarks>
public static class KestrelListenOptionsExtensions
{
    /// <summary>Says that Kestrel's listeners bring the endpoints, or some of them.</summary>
    public static MailServerBuilder UseKestrel(this MailServerBuilder mail)
    {
        ArgumentNullException.ThrowIfNull(mail);
        mail.HasCarriedEndpoints = true;
        return mail;
    }

    /// <inheritdoc cref="MailServerBuilderRoles.ListenSmtp"/>
    public static ListenOptions UseSmtp(this ListenOptions listener, Action<SmtpEndpointBuilder>? configure = null) =>
        Use(listener, mail => mail.ListenSmtp(0, configure));

    /// <inheritdoc cref="MailServerBuilderRoles.ListenSubmission"/>
    public static ListenOptions UseSubmission(this ListenOptions listener, Action<SmtpEndpointBuilder>? configure = null) =>
        Use(listener, mail => mail.ListenSubmission(0, configure));

    /// <summary>Mail from a server that has accepted it already. Who connects is trusted: listen on loopback or a Unix socket.</summary>
    public static ListenOptions UseLmtp(this ListenOptions listener, Action<SmtpEndpointBuilder>? configure = null) =>
        Use(listener, mail => mail.ListenLmtp(0, configure));

    /// <inheritdoc cref="MailServerBuilderRoles.ListenImap"/>
    public static ListenOptions UseImap(this ListenOptions listener, Action<ProtocolEndpointBuilder<ImapOptions>>? configure = null) =>
        Use(listener, mail => mail.ListenImap(0, configure));

    /// <inheritdoc cref="MailServerBuilderRoles.ListenPop3"/>
    public static ListenOptions UsePop3(this ListenOptions listener, Action<ProtocolEndpointBuilder<Pop3Options>>? configure = null) =>
        Use(listener, mail => mail.ListenPop3(0, configure));

    private static ListenOptions Use(ListenOptions listener, Func<MailServerBuilder, MailEndpointBuilder> listen)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var server = listener.ApplicationServices.GetRequiredService<MailServer>();
        var endpoint = server.AddCarried(() => listener.EndPoint!, listen);
        // Neither HTTP's names in ALPN nor QUIC beside it.
        listener.Protocols = HttpProtocols.None;
        listener.Run(context => IsBare(listener, context)
            ? throw new InvalidOperationException($"UseHttps stands behind the mail role of {listener}, where it has no effect. Put it before; for an endpoint of Kestrel's configuration: endpoint.ListenOptions.UseHttps(endpoint.HttpsOptions).UseImap().")
            : server.ServeAsync(endpoint, new KestrelConnection(context)));
        return listener;
    }

    /// <summary>The host wants TLS here, and the connection has none.</summary>
    private static bool IsBare(ListenOptions listener, ConnectionContext context) =>
        context.Features.Get<ISslStreamFeature>() is null && listener.ToString() is { } text && text.StartsWith("https:", StringComparison.Ordinal);
}
