using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using MailCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

/// <summary>
/// The one way in, for all protocols: offers the mechanisms that a connection may use, runs them, and delays, counts and bans
/// failures by client network (an IPv4 address or IPv6 /56) and by user. Thread-safe; nobody waits for another client's delay.
/// </summary>
public sealed partial class LoginService : IDisposable
{
    private readonly SaslOffer?[] _offers = new SaslOffer?[64];
    private readonly LoginFailures _failures;
    private readonly LoginMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private byte[] _saltKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>Asks <paramref name="authenticator"/>.</summary>
    public LoginService(IMailAuthenticator authenticator, LoginOptions options, TimeProvider time, ILogger<LoginService> logger, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(authenticator);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        (Authenticator, Options, _time, _logger) = (authenticator, options, time, logger);
        Bans = new LoginBans(options, time);
        _failures = new LoginFailures(options, time);
        _metrics = new LoginMetrics(meters, Bans);
    }

    /// <summary>Tells whose a client certificate is; null where EXTERNAL is not offered.</summary>
    public IClientCertificateMapper? Certificates { get; init; }

    /// <summary>Who may not log in for a while.</summary>
    public LoginBans Bans { get; }

    internal IMailAuthenticator Authenticator { get; }

    internal LoginOptions Options { get; }

    /// <summary>
    /// The mechanisms that this connection may use now: what <see cref="LoginOptions.Mechanisms"/> lists, the authenticator can serve,
    /// and the connection carries. None at all where the policy allows no logins.
    /// </summary>
    public SaslOffer Offer(AuthenticationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.AllowsLogin)
        {
            return SaslOffer.None;
        }

        var abilities = (Authenticator.Scram is null ? 0 : 1) | (Authenticator.Tokens is null ? 0 : 2) | (Authenticator.CramMd5 is null ? 0 : 4)
            | (Certificates is null || context.ClientCertificate is null ? 0 : 8)
            | (Options.Anonymous is null ? 0 : 16)
            | (context.Tls is { } tls && ChannelBinding.IsAvailable(tls) ? 32 : 0);
        return _offers[abilities] ??= new SaslOffer(Options.Mechanisms.Where(name => IsPossible(name, abilities)));
    }

    /// <summary>Starts an exchange; null for a mechanism that this connection is not offered. Names compare without case.</summary>
    public ISaslExchange? Start(string mechanism, AuthenticationContext context)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        var name = mechanism.ToUpperInvariant();
        if (!Offer(context).Contains(name))
        {
            return null;
        }

        var attempt = new LoginAttempt(this, name, context);
        return name switch
        {
            SaslMechanisms.Plain => new PlainExchange(attempt),
            SaslMechanisms.Login => new LoginExchange(attempt),
            _ => null,
        };
    }

    /// <summary>
    /// Checks a password that came without SASL. An authenticator that throws is logged and becomes
    /// <see cref="AuthenticationResult.TryLater"/>. A name or password that is empty, longer than 255 characters or holds control
    /// characters is rejected without asking.
    /// </summary>
    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        ArgumentNullException.ThrowIfNull(context);
        return new LoginAttempt(this, "password", context).VerifyPasswordAsync(user, password, "", cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _metrics.Dispose();

    /// <summary>Makes up salts by this from now on, so that they outlive the process as true ones do.</summary>
    internal void UseSaltKey(byte[] key) => _saltKey = key;

    /// <summary>The same for the same name always, as a true one would be; names compare without case.</summary>
    internal byte[] MakeUpSalt(string user, ScramHash hash) =>
        HMACSHA256.HashData(_saltKey, Encoding.UTF8.GetBytes($"{hash}\0{user.ToLowerInvariant()}"))[..16];

    internal string Explain(Exception error, string protocol)
    {
        LogFailure(error, protocol);
        return error.Message;
    }

    /// <summary>The answer to a client or user that is banned; null when neither is.</summary>
    internal AuthenticationResult? Banned(LoginOutcome outcome)
    {
        var (user, mechanism, context) = outcome;
        if (Bans.Find(context.RemoteEndPoint, user) is not { } ban)
        {
            return null;
        }

        _metrics.Login(context.Protocol, mechanism, "banned");
        LogBannedLogin(LogText.Clean(user), context.Protocol, context.RemoteEndPoint, ban.Until);
        return new AuthenticationResult.TryLater("banned");
    }

    internal async ValueTask<AuthenticationResult> SettleAsync(LoginOutcome outcome, AuthenticationResult result, CancellationToken cancellationToken)
    {
        var (user, mechanism, context) = outcome;
        switch (result)
        {
            case AuthenticationResult.Ok ok:
                _failures.Forgive(context.RemoteEndPoint, user);
                _metrics.Login(context.Protocol, mechanism, "accepted");
                LogAccepted(ok.Identity.Name, context.Protocol, mechanism, context.RemoteEndPoint);
                break;
            case AuthenticationResult.TryLater later:
                _metrics.Login(context.Protocol, mechanism, "unavailable");
                LogUnavailable(context.Protocol, later.Reason);
                break;
            case AuthenticationResult.Expired:
                _metrics.Login(context.Protocol, mechanism, "expired");
                LogExpired(LogText.Clean(user), context.Protocol, context.RemoteEndPoint);
                break;
            default:
                _metrics.Login(context.Protocol, mechanism, "rejected");
                LogRejected(LogText.Clean(user), context.Protocol, mechanism, context.RemoteEndPoint);
                await DelayAsync(outcome, cancellationToken).ConfigureAwait(false);
                break;
        }

        return result;
    }

    private async Task DelayAsync(LoginOutcome outcome, CancellationToken cancellationToken)
    {
        var (user, _, context) = outcome;
        var verdict = _failures.Record(context.RemoteEndPoint, user);
        if (verdict.BansNetwork && context.RemoteEndPoint is System.Net.IPEndPoint { Address: var address })
        {
            var ban = Bans.Ban(address, Options.BanDuration, "failed logins");
            _metrics.Banned("network");
            LogNetworkBanned(ban.Network, ban.Until);
        }

        if (verdict.BansUser && user.Length > 0)
        {
            var ban = Bans.Ban(user, Options.UserBanDuration, "failed logins");
            _metrics.Banned("user");
            LogUserBanned(LogText.Clean(user), ban.Until);
        }

        if (verdict.Delay > TimeSpan.Zero)
        {
            await Task.Delay(verdict.Delay, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsPossible(string mechanism, int abilities) => mechanism switch
    {
        SaslMechanisms.Plain or SaslMechanisms.Login => true,
        _ => false,
    };

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "{User} logged in by {Protocol} ({Mechanism}) from {Remote}")]
    private partial void LogAccepted(string user, string protocol, string mechanism, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} ({Mechanism}) from {Remote} was rejected")]
    private partial void LogRejected(string user, string protocol, string mechanism, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Logins by {Protocol} are not possible now: {Reason}")]
    private partial void LogUnavailable(string protocol, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The authenticator failed ({Protocol})")]
    private partial void LogFailure(Exception error, string protocol);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} from {Remote}: the password has expired")]
    private partial void LogExpired(string user, string protocol, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Warning, Message = "{Network} is banned from logging in until {Until}: too many failed logins")]
    private partial void LogNetworkBanned(System.Net.IPNetwork? network, DateTimeOffset until);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Warning, Message = "{User} is banned from logging in until {Until}: too many failed logins")]
    private partial void LogUserBanned(string user, DateTimeOffset until);

    [LoggerMessage(EventId = 2008, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} from {Remote} was not looked at: banned until {Until}")]
    private partial void LogBannedLogin(string user, string protocol, System.Net.EndPoint? remote, DateTimeOffset until);
}
