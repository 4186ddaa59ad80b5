using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailCore.Messaging;
using MailCore.Relay.Security;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>Opens sessions over SMTP and LMTP: hosts in their order, addresses in theirs, and cleartext again where TLS was only a wish and failed.</summary>
internal sealed partial class RelayConnector : IRelayConnector
{
    private static readonly EnhancedStatusCode LoopsBack = new(5, 4, 6);

    private static readonly OutboundTlsRequirement Cleartext = new() { Level = OutboundTlsLevel.None, Source = "default" };

    private readonly INextHopFinder _finder;
    private readonly RelayClientOptions _first;
    private readonly string _ownName;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private int _connections;

    /// <summary>Connects as <paramref name="hostName"/>, unless the options name another.</summary>
    public RelayConnector(INextHopFinder finder, RelayClientOptions options, string hostName, TimeProvider time, ILogger<RelayConnector> logger)
    {
        options.Validate();
        (_finder, _first, _ownName, _time, _logger) = (finder, options, hostName, time, logger);
    }

    // They may be exchanged between two uses.
    private RelayClientOptions Options => _first.Current;

    private string HostName => Options.HelloName ?? _ownName;

    /// <summary>Who counts what became of TLS; null for nobody.</summary>
    public TlsReportCollector? Reports { get; init; }

    public NextHop FindHop(ReversePath sender, EmailAddress recipient) => Options.SmartHosts.Find(sender, recipient);

    public string SessionKey(NextHop hop, ReversePath sender, MessageTls wish)
    {
        var login = Options.SmartHosts.FindLogin(FindSmartHost(hop, sender), sender);
        return $"{hop}{(wish == MessageTls.Usual ? "" : $" {wish}")}{(login is null ? "" : " " + login.User)}";
    }

    public async ValueTask<RelayConnection> ConnectAsync(NextHop hop, ReversePath sender, MessageTls wish, CancellationToken cancellationToken)
    {
        var smart = FindSmartHost(hop, sender);
        var requiresTls = wish == MessageTls.Required;
        var asked = new Wish(smart, Options.SmartHosts.FindLogin(smart, sender), requiresTls);
        if (hop.IsSocket)
        {
            var options = MakeOptions(hop, new HopHost(HostName, [], 0, Cleartext), null, asked);
            return await TryAsync(new ConnectionAttempt(options, null, requiresTls, _time), new UnixDomainSocketEndPoint(hop.Host), cancellationToken).ConfigureAwait(false);
        }

        var plan = await _finder.FindAsync(hop, wish, cancellationToken).ConfigureAwait(false);
        foreach (var forbidden in plan.Forbidden)
        {
            Reports?.Add(hop.Host, forbidden, new TlsSessionResult());
        }

        if (plan.Failure is { } failure)
        {
            return Fail(failure.IsTransient ? RelayStatus.Deferred : RelayStatus.Failed, failure);
        }

        var last = default(RelayConnection?);
        foreach (var (host, address) in plan.Hosts.SelectMany(static host => host.Addresses.Select(address => (host, address))).Take(Options.MaxAddresses))
        {
            var attempt = new ConnectionAttempt(MakeOptions(hop, host, address, asked), asked.Login, requiresTls, _time);
            var connection = await TryAsync(attempt, new IPEndPoint(address, host.Port), cancellationToken).ConfigureAwait(false);
            if (hop.UsesMx)
            {
                Reports?.Add(hop.Host, host, attempt.Tls);
            }

            if (connection.Session is not null || connection.Failure.Reply.Status == LoopsBack)
            {
                return connection;
            }

            NotConnected(hop, address, connection.Failure.Reply);
            // What may pass is worth more than what will not.
            last = last is { Failure.Status: RelayStatus.Deferred } ? last : connection;
        }

        return last ?? Fail(RelayStatus.Deferred, new SmtpReply(451, "4.4.4", $"There is no server for {hop.Host}"));
    }

    private async ValueTask<RelayConnection> TryAsync(ConnectionAttempt attempt, EndPoint server, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"out-{Interlocked.Increment(ref _connections)}");
        try
        {
            return await attempt.RunAsync(server, id, cancellationToken).ConfigureAwait(false);
        }
        catch (TlsHandshakeException error) when (attempt.Options is { Requirement.Level: OutboundTlsLevel.Opportunistic, UsesImplicitTls: false })
        {
            FallsBack(attempt.Options.ServerName, error.Message);
        }
        catch (IOException error)
        {
            return Fail(RelayStatus.Deferred, Explain(attempt, error));
        }

        // RFC 7435: nobody was promised more than cleartext. The broken connection can't be used on.
        try
        {
            return await (attempt with { Options = attempt.Options with { Requirement = Cleartext } }).RunAsync(server, id, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            return Fail(RelayStatus.Deferred, new SmtpReply(451, "4.4.1", $"{attempt.Options.ServerName}: {error.Message}"));
        }
    }

    private static SmtpReply Explain(ConnectionAttempt attempt, IOException error)
    {
        var text = $"{attempt.Options.ServerName}: {error.Message}";
        // Who speaks before the handshake keeps TLS away as well as who breaks it.
        var isTls = error is TlsHandshakeException
            || (attempt.Options.Tls > OutboundTlsLevel.Opportunistic && attempt.Tls is { IsSecured: false, Problem: not null });
        return isTls ? new SmtpReply(450, attempt.RequiresTls ? "4.7.10" : "4.7.5", text) : new SmtpReply(451, "4.4.1", text);
    }

    private SmtpClientOptions MakeOptions(NextHop hop, HopHost host, IPAddress? address, Wish wish)
    {
        var smart = wish.Smart;
        return SmtpClientOptions.Of(Options, HostName, host.Name) with
        {
            IsLmtp = hop.IsLmtp,
            UsesImplicitTls = smart?.IsImplicit == true,
            Requirement = wish.Requirement(host),
            BindAddress = address is null ? null : Options.FindBindAddress(hop, smart, address.AddressFamily),
        };
    }

    /// <summary>The smart host that a hop is, whoever chose it; the sender's own where there are several logins for one.</summary>
    private SmartHost? FindSmartHost(NextHop hop, ReversePath sender) =>
        Options.SmartHosts.FindBySender(sender) is { } own && own.Hop == hop ? own : Options.SmartHostsByHop.GetValueOrDefault(hop);

    private static RelayConnection Fail(RelayStatus status, SmtpReply reply) => new(null, new RelayOutcome(status, reply) { ConcernsHop = true });

    [LoggerMessage(EventId = 4401, Level = LogLevel.Information, Message = "No session with {Address} for {Hop}: {Reply}")]
    private partial void NotConnected(NextHop hop, IPAddress address, SmtpReply reply);

    [LoggerMessage(EventId = 4402, Level = LogLevel.Warning, Message = "{Server} gets mail in the clear, for which TLS was only a wish: {Reason}")]
    private partial void FallsBack(string server, string reason);

    /// <summary>What is asked of every server of one hop.</summary>
    private sealed record Wish(SmartHost? Smart, SmartHostLogin? Login, bool RequiresTls)
    {
        /// <summary>The strongest of what policies, the smart host and the message ask for; only a rule of its own makes a smart host's less than the general one.</summary>
        public OutboundTlsRequirement Requirement(HopHost host)
        {
            var asked = Smart?.Tls ?? (Login is not null || Smart is { IsImplicit: true } ? OutboundTlsLevel.Verify : OutboundTlsLevel.None);
            if (RequiresTls && asked < OutboundTlsLevel.Verify)
            {
                return host.Tls.Level >= OutboundTlsLevel.Verify ? host.Tls : host.Tls with { Level = OutboundTlsLevel.Verify, Source = "requiretls" };
            }

            var isGeneral = Smart?.Tls is not null && host.Tls.Source == OutboundTlsRequirement.Opportunistic.Source;
            return asked > host.Tls.Level || isGeneral ? host.Tls with { Level = asked, Source = "configuration" } : host.Tls;
        }
    }
}
