using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using MailCore.Diagnostics;
using MailCore.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

/// <summary>
/// The one way in, for all protocols: offers the mechanisms that a connection may use, runs them, and delays, counts and bans
/// failures by client network (an IPv4 address or IPv6 /56) and by user. Thread-safe; nobody waits for another client's delay.
/// </summary>
public sealed partial class LoginService : IDisposable
{
    private readonly SaslOffer?[] _offers = new SaslOffer?[(int)SaslAbilities.All + 1];
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
        if (options.Mechanisms.FirstOrDefault(static name => !Knows(name)) is { } unknown)
        {
            throw new ArgumentException($"The mechanism '{unknown}' is not known. Use the names of {nameof(SaslMechanisms)}.", nameof(options));
        }

        (Authenticator, Options, _time, _logger) = (authenticator, options, time, logger);
        Bans = new LoginBans(options, time);
        _failures = new LoginFailures(options, time);
        _metrics = new LoginMetrics(meters, Bans);
    }

    /// <summary>Tells whose a client certificate is; null where EXTERNAL is not offered.</summary>
    public IClientCertificateMapper? Certificates { get; init; }

    /// <summary>Those who may log in as others; null for nobody.</summary>
    internal MasterUserAuthenticator? Masters { get; init; }

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

        var abilities = Abilities(context);
        ref var offer = ref _offers[(int)abilities];
        return Volatile.Read(ref offer)
            ?? Interlocked.CompareExchange(ref offer, new SaslOffer(Options.Mechanisms.Where(name => Needs(name) is { } needs && (needs & abilities) == needs)), null)
            ?? offer;
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
            SaslMechanisms.ScramSha256 => new ScramExchange(attempt, ScramHash.Sha256, isPlus: false),
            SaslMechanisms.ScramSha256Plus => new ScramExchange(attempt, ScramHash.Sha256, isPlus: true),
            SaslMechanisms.ScramSha1 => new ScramExchange(attempt, ScramHash.Sha1, isPlus: false),
            SaslMechanisms.ScramSha1Plus => new ScramExchange(attempt, ScramHash.Sha1, isPlus: true),
            SaslMechanisms.OAuthBearer => new OAuthBearerExchange(attempt),
            SaslMechanisms.XOAuth2 => new XOAuth2Exchange(attempt),
            SaslMechanisms.External => new ExternalExchange(attempt),
            SaslMechanisms.CramMd5 => new CramMd5Exchange(attempt),
            SaslMechanisms.Anonymous => new AnonymousExchange(attempt, Options.Anonymous!),
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

    /// <summary>Whether APOP may be used on this connection now: the authenticator must keep passwords in the clear, as for CRAM-MD5.</summary>
    internal bool TakesApop(AuthenticationContext context) => context.AllowsLogin && Authenticator.CramMd5 is not null;

    /// <summary>Checks a digest of POP3's APOP, by the same rules as a password.</summary>
    internal ValueTask<AuthenticationResult> VerifyApopAsync(
        string user, string timestamp, byte[] digest, AuthenticationContext context, CancellationToken cancellationToken) =>
        ApopLogin.VerifyAsync(new LoginAttempt(this, "APOP", context), user, timestamp, digest, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _metrics.Dispose();

    /// <summary>Whether there is such a mechanism.</summary>
    internal static bool Knows(string mechanism) => Needs(mechanism) is not null;

    /// <summary>Whether a connection is not to be served at all: its client is banned.</summary>
    internal bool Refuses(MailConnection connection)
    {
        if (Bans.Find(connection.RemoteEndPoint) is not { } ban)
        {
            return false;
        }

        LogRefusedConnection(connection.RemoteEndPoint, ban.Until);
        return true;
    }

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
        var shown = LogText.Clean(outcome.For is null ? user : $"{outcome.For} by master user {user}");
        switch (result)
        {
            case AuthenticationResult.Ok ok:
                _failures.Forgive(context.RemoteEndPoint, user);
                _metrics.Login(context.Protocol, mechanism, "accepted");
                if (ok.Identity.Master is { } master)
                {
                    LogMaster(master, ok.Identity.Name, context.Protocol, mechanism, context.RemoteEndPoint);
                }
                else
                {
                    LogAccepted(ok.Identity.Name, context.Protocol, mechanism, context.RemoteEndPoint);
                }

                break;
            case AuthenticationResult.TryLater later:
                _metrics.Login(context.Protocol, mechanism, "unavailable");
                LogUnavailable(context.Protocol, later.Reason);
                break;
            case AuthenticationResult.Expired:
                _metrics.Login(context.Protocol, mechanism, "expired");
                LogExpired(shown, context.Protocol, context.RemoteEndPoint);
                break;
            default:
                _metrics.Login(context.Protocol, mechanism, "rejected");
                LogRejected(shown, context.Protocol, mechanism, context.RemoteEndPoint);
                await DelayAsync(outcome, cancellationToken).ConfigureAwait(false);
                break;
        }

        return result;
    }

    private async Task DelayAsync(LoginOutcome outcome, CancellationToken cancellationToken)
    {
        var (user, _, context) = outcome;
        var verdict = _failures.Record(context.RemoteEndPoint, user);
        if (verdict.BansNetwork && context.RemoteEndPoint is IPEndPoint { Address: var address })
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

    private SaslAbilities Abilities(AuthenticationContext context) =>
        (Authenticator.Scram is null ? 0 : SaslAbilities.Scram)
        | (context.Tls is { } tls && ChannelBinding.IsAvailable(tls) ? SaslAbilities.Binding : 0)
        | (Authenticator.Tokens is null ? 0 : SaslAbilities.Tokens)
        | (Certificates is null || context.ClientCertificate is null ? 0 : SaslAbilities.Certificate)
        | (Authenticator.CramMd5 is null ? 0 : SaslAbilities.CramMd5)
        | (Options.Anonymous is null ? 0 : SaslAbilities.Anonymous);

    // Null for a name that nobody here knows.
    private static SaslAbilities? Needs(string mechanism) => mechanism switch
    {
        SaslMechanisms.Plain or SaslMechanisms.Login => SaslAbilities.None,
        SaslMechanisms.ScramSha256 or SaslMechanisms.ScramSha1 => SaslAbilities.Scram,
        SaslMechanisms.ScramSha256Plus or SaslMechanisms.ScramSha1Plus => SaslAbilities.Scram | SaslAbilities.Binding,
        SaslMechanisms.OAuthBearer or SaslMechanisms.XOAuth2 => SaslAbilities.Tokens,
        SaslMechanisms.External => SaslAbilities.Certificate,
        SaslMechanisms.CramMd5 => SaslAbilities.CramMd5,
        SaslMechanisms.Anonymous => SaslAbilities.Anonymous,
        _ => null,
    };

    /// <summary>What a connection and the authenticator have between them.</summary>
    [Flags]
    private enum SaslAbilities
    {
        None = 0,
        Scram = 1,
        Binding = 2,
        Tokens = 4,
        Certificate = 8,
        CramMd5 = 16,
        Anonymous = 32,
        All = 63,
    }
}
