using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Net;

namespace MailCore.Smtp;

/// <summary>A session as its filters see it; one object for all its stages. Not thread-safe.</summary>
public sealed class SmtpFilterContext
{
    private readonly SmtpSession _session;
    private Dictionary<object, object?>? _items;
    private bool _isConnecting;
    private bool _hasConnected;

    internal SmtpFilterContext(SmtpSession session, IServiceProvider services) => (_session, Services) = (session, services);

    /// <summary>The facts so far: addresses, names, TLS, login. Replaced by each EHLO, STARTTLS and AUTH.</summary>
    public MailSessionInfo Session => _session.Info;

    /// <summary>The endpoint's role.</summary>
    public SmtpDialect Dialect => _session.Options.Dialect;

    /// <summary>The client's IP address, after the PROXY protocol and never IPv4 inside IPv6; null where the carrier has none.</summary>
    public IPAddress? RemoteAddress => (Session.RemoteEndPoint as IPEndPoint)?.Address switch
    {
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4(),
        var address => address,
    };

    /// <summary>Where the client connected to.</summary>
    public EndPoint? LocalEndPoint => _session.Connection.LocalEndPoint;

    /// <summary>Who logged in; null for strangers.</summary>
    public MailIdentity? Identity => _session.Identity;

    /// <summary>Null in cleartext.</summary>
    public SmtpTlsInfo? Tls => _session.Connection.Tls is { } tls
        ? new SmtpTlsInfo(tls.SslProtocol, tls.NegotiatedCipherSuite, tls.TargetHostName, tls.RemoteCertificate)
        : null;

    /// <summary>Since MAIL was accepted, up to the end of its message.</summary>
    public MailTransaction? Transaction => _session.Transaction;

    /// <summary>Scoped to the session and disposed with it; knows nothing where the engine runs without a container.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Notes that last as long as the session; those of a message go to <see cref="MailTransaction.Items"/>.</summary>
    public IDictionary<object, object?> Items => _items ??= [];

    /// <summary>
    /// Waits for octets from the client, at most this long; whether there were any. They stay to be read. This finds out who talks
    /// before the greeting. A client that a proxy brings in by XCLIENT is not waited for: the proxy has waited.
    /// </summary>
    /// <exception cref="InvalidOperationException">The greeting has been sent.</exception>
    public async ValueTask<bool> WaitForInputAsync(TimeSpan timeout)
    {
        if (!_isConnecting)
        {
            throw new InvalidOperationException("Only at the connect stage may a filter wait for the client.");
        }

        var framer = _session.Channel.Framer;
        return !_hasConnected && (framer.HasBufferedData || await framer.FillAsync(timeout).ConfigureAwait(false) == FillResult.Data);
    }

    /// <summary>The connect stage lasts until disposal.</summary>
    internal ConnectStage Connecting()
    {
        _isConnecting = true;
        return new ConnectStage(this);
    }

    internal readonly struct ConnectStage(SmtpFilterContext context) : IDisposable
    {
        public void Dispose() => (context._isConnecting, context._hasConnected) = (false, true);
    }
}

/// <summary>A session's TLS.</summary>
/// <param name="Protocol">1.2 or 1.3.</param>
/// <param name="CipherSuite">As negotiated.</param>
/// <param name="ServerName">What the client asked for (SNI); empty when it did not.</param>
/// <param name="ClientCertificate">Null unless the policy asks for one and the client showed it. Owned by the connection.</param>
public sealed record SmtpTlsInfo(SslProtocols Protocol, TlsCipherSuite CipherSuite, string ServerName, X509Certificate? ClientCertificate);
