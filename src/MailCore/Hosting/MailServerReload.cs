using System.Text;
using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Net;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>
/// Puts a new configuration in the place of the one that a server runs with. All is read, checked and made before anything is changed; what
/// is changed then can't fail. Sessions keep what they began with, but for addresses, limits of the whole server and logins.
/// </summary>
/// <remarks>One reload at a time. What listens, and how TLS is made, is never touched.</remarks>
internal sealed partial class MailServerReload(MailServerBuilder live, IServiceProvider services, CancellationToken stopping)
{
    private readonly Lock _gate = new();
    private readonly IReadOnlyDictionary<string, string?> _started = live.AppliedKeys;
    private readonly ILogger _logger = services.GetRequiredService<ILogger<MailServer>>();
    private IReadOnlyDictionary<string, string?> _last = live.AppliedKeys;
    private Task _turn = Task.CompletedTask;

    public Task<ReloadReport> RunAsync(MailServer server, Action<MailServerBuilder> configure, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var mine = RunAfterAsync(_turn, server, configure, cancellationToken);
            _turn = mine;
            return mine;
        }
    }

    private async Task<ReloadReport> RunAfterAsync(Task before, MailServer server, Action<MailServerBuilder> configure, CancellationToken cancellationToken)
    {
        // Never within the lock, and whatever became of the one before.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var next = Read(configure, live.HasCarriedEndpoints);
            // It waits for a restart, whatever of it new protocols would show.
            next.HostName = live.HostName;
            var isSame = Shape(next).SequenceEqual(Shape(live), StringComparer.Ordinal);
            var report = Compare(next.AppliedKeys, isSame);
            var protocols = isSame ? MakeProtocols(server, next, report) : [];
            await MakeAccountsAsync(next, cancellationToken).ConfigureAwait(false);
            Use(server, next, protocols);
            if (isSame)
            {
                UseImapLimits(next);
            }

            _last = next.AppliedKeys;
            LogReloaded(report.Changed.Count == 0 ? "nothing of the configuration has changed" : Describe(report.Changed));
            if (report.Pending.Count > 0)
            {
                LogPending(Describe(report.Pending));
            }

            return report;
        }
        catch (Exception error) when (error is MailServerConfigurationException or ArgumentException)
        {
            LogRefused(error.Message);
            throw error as MailServerConfigurationException ?? new MailServerConfigurationException([error.Message]);
        }
    }

    /// <summary>As a start would, without opening anything.</summary>
    /// <exception cref="MailServerConfigurationException">With what is wrong.</exception>
    public static MailServerBuilder Read(Action<MailServerBuilder> configure, bool hasCarriedEndpoints = false)
    {
        MailServerBuilder? next = null;
        using var provider = new ServiceCollection().AddMailServer(mail => configure(next = mail)).BuildServiceProvider();
        next!.HasCarriedEndpoints |= hasCarriedEndpoints;
        foreach (var endpoint in next.Endpoints)
        {
            endpoint.Tls = next.TlsOf(endpoint);
        }

        MailServerValidation.Validate(next, provider);
        return next;
    }

    /// <summary>What must be the same for endpoints to be each other's successors.</summary>
    private static IEnumerable<string> Shape(MailServerBuilder mail) => Bound(mail).Select(endpoint =>
    {
        var text = new StringBuilder($"{endpoint.Name} {endpoint.EndPoint(mail.BindAddress)} {endpoint.SocketName} {endpoint.Tls.Mode} {endpoint.Tls.AllowCleartextAuthentication} {string.Join(',', endpoint.ProxyFrom)}");
        if (endpoint is SmtpEndpointBuilder smtp)
        {
            text.Append(' ').AppendJoin(',', smtp.Options.XClientFrom).Append(' ').AppendJoin(',', smtp.Options.XForwardFrom);
        }

        return text.ToString();
    });

    // Those that others carry are not in the configuration.
    private static IEnumerable<MailEndpointBuilder> Bound(MailServerBuilder mail) => mail.Endpoints.Where(static endpoint => endpoint.Where is null);

    private ReloadReport Compare(IReadOnlyDictionary<string, string?> next, bool isSame)
    {
        var changed = Differences(_last, next).Where(key => IsLive(key, isSame)).ToList();
        var pending = Differences(_started, next).Where(key => !IsLive(key, isSame)).ToList();
        if (!isSame && pending.Count == 0)
        {
            pending.Add("Listeners");
        }

        return new ReloadReport(changed, pending);
    }

    // What belongs to listeners waits with them.
    private static bool IsLive(string key, bool isSame) => ReloadRules.IsLive(key) && (isSame || !IsOfEndpoints(key));

    private static bool IsOfEndpoints(string key) =>
        new[] { nameof(MailServerSettings.MaxMessageSize), nameof(MailServerSettings.AllowSubmissionFrom), nameof(MailServerSettings.Filters) }
            .Contains(key.Split(':')[0], StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> Differences(IReadOnlyDictionary<string, string?> one, IReadOnlyDictionary<string, string?> other) =>
        one.Keys.Union(other.Keys, StringComparer.OrdinalIgnoreCase)
            .Where(key => one.GetValueOrDefault(key) != other.GetValueOrDefault(key))
            .Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>Protocols for new sessions of the endpoints that take mail; where nothing of theirs has changed, they stay, and with them what their filters know.</summary>
    private List<(MailEndpoint Endpoint, IMailProtocol Protocol, MailConnectionDelegate Run)> MakeProtocols(MailServer server, MailServerBuilder next, ReloadReport report)
    {
        var made = new List<(MailEndpoint, IMailProtocol, MailConnectionDelegate)>();
        if (next.AppliedKeys.Count > 0 && !report.Changed.Any(IsOfEndpoints))
        {
            return made;
        }

        var endpoints = server.Endpoints.Where(static endpoint => endpoint.Where is null);
        foreach (var (endpoint, builder) in endpoints.Zip(Bound(next)).Where(static pair => pair.Second is SmtpEndpointBuilder))
        {
            var (protocol, run) = MailServerFactory.MakeProtocol(builder, endpoint.Name, endpoint.TlsUpgrade, services, stopping);
            made.Add((endpoint, protocol, run));
        }

        return made;
    }

    private async Task MakeAccountsAsync(MailServerBuilder next, CancellationToken cancellationToken)
    {
        if (next.Accounts.Count > 0)
        {
            await MailServerFactory.MakeAccountsAsync(next, services.GetRequiredService<IMailDirectory>(), cancellationToken).ConfigureAwait(false);
        }
    }

    private void Use(MailServer server, MailServerBuilder next, List<(MailEndpoint Endpoint, IMailProtocol Protocol, MailConnectionDelegate Run)> protocols)
    {
        foreach (var (endpoint, protocol, run) in protocols)
        {
            endpoint.Serve(protocol, run);
        }

        UseRouting(next);
        server.Limit(next.Options.MaxConnections, next.Options.MaxConnectionsPerAddress);
        (services.GetRequiredService<IMailDirectory>() as ConfiguredDirectory)?.Use(next.AllAddresses(), next.Routing.SubaddressDelimiters);
        services.GetRequiredService<LoginService>().Masters?.Use(next.MasterUsers);
        live.RelayClient.Use(next.RelayClient);
        if (live.Relay is { } relay && next.Relay is { } newer)
        {
            (relay.Options.Schedule, relay.Options.DoubleBouncesTo) = (newer.Options.Schedule, newer.Options.DoubleBouncesTo);
        }
    }

    private void UseImapLimits(MailServerBuilder next)
    {
        foreach (var (old, newer) in Bound(live).Zip(Bound(next)))
        {
            if (old is ProtocolEndpointBuilder<ImapOptions> imap && newer is ProtocolEndpointBuilder<ImapOptions> other)
            {
                imap.Options.MaxMessageSize = other.Options.MaxMessageSize;
            }
        }
    }

    private void UseRouting(MailServerBuilder next)
    {
        var (old, routing) = (live.Routing, next.Routing);
        old.SubaddressDelimiters = routing.SubaddressDelimiters;
        old.SubaddressMailboxes = routing.SubaddressMailboxes;
        old.Postmaster = routing.Postmaster;
        old.DefaultDomain = routing.DefaultDomain ?? next.Domains.FirstOrDefault();
        live.LocalDelivery.OverQuotaIsPermanent = next.LocalDelivery.OverQuotaIsPermanent;
    }

    // The values may be secret.
    private static string Describe(IReadOnlyList<string> keys) =>
        keys.Count <= 20 ? string.Join(", ", keys) : $"{string.Join(", ", keys.Take(20))} and {keys.Count - 20} more";

    [LoggerMessage(EventId = 1104, Level = LogLevel.Information, Message = "Configuration read anew: {Keys}")]
    private partial void LogReloaded(string keys);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Warning, Message = "Changed in the configuration, and in effect only after a restart: {Keys}")]
    private partial void LogPending(string keys);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Error, Message = "The new configuration is refused, and the old one goes on: {Problem}")]
    private partial void LogRefused(string problem);
}
