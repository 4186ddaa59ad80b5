using MailCore.Diagnostics;
using MailCore.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

/// <summary>How failed logins are slowed down.</summary>
public sealed class LoginOptions
{
    /// <summary>Before the answer to a client's first failed login; 2 s by default, doubled with each further one.</summary>
    public TimeSpan FailureDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Never longer than this; 15 s by default.</summary>
    public TimeSpan MaxFailureDelay { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A client's failures are forgotten after this long without one; 10 min by default.</summary>
    public TimeSpan Memory { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// The one way in, for all protocols: asks the authenticator and delays the answer to failures by client network (an IPv4 address
/// or IPv6 /56). Thread-safe; nobody waits for another client's delay.
/// </summary>
public sealed partial class LoginService
{
    private const int MaxNetworks = 10_000;

    private readonly IMailAuthenticator _authenticator;
    private readonly LoginOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<ClientKey, (int Count, DateTimeOffset Last)> _failures = [];
    private readonly Lock _gate = new();

    /// <summary>Asks <paramref name="authenticator"/>.</summary>
    public LoginService(IMailAuthenticator authenticator, LoginOptions options, TimeProvider time, ILogger<LoginService> logger)
    {
        ArgumentNullException.ThrowIfNull(authenticator);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        (_authenticator, _options, _time, _logger) = (authenticator, options, time, logger);
    }

    /// <summary>
    /// Checks a password. An authenticator that throws is logged and becomes <see cref="AuthenticationResult.TryLater"/>. A name or
    /// password that is empty, longer than 255 characters or holds control characters is rejected without asking.
    /// </summary>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        ArgumentNullException.ThrowIfNull(context);
        AuthenticationResult result;
        try
        {
            result = IsPlausible(user) && IsPlausible(password)
                ? await _authenticator.VerifyPasswordAsync(user, password, context, cancellationToken).ConfigureAwait(false)
                : new AuthenticationResult.Rejected();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailure(error, context.Protocol);
            return new AuthenticationResult.TryLater(error.Message);
        }

        var key = ClientKey.From(context.RemoteEndPoint) ?? default;
        switch (result)
        {
            case AuthenticationResult.Ok ok:
                Forget(key);
                LogAccepted(ok.Identity.Name, context.Protocol, context.RemoteEndPoint);
                break;
            case AuthenticationResult.TryLater later:
                LogUnavailable(context.Protocol, later.Reason);
                break;
            default:
                LogRejected(LogText.Clean(user), context.Protocol, context.RemoteEndPoint);
                var delay = Remember(key);
                if (delay > TimeSpan.Zero)
                {
                    await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
                }

                break;
        }

        return result;
    }

    private static bool IsPlausible(string text) => text.Length is > 0 and <= 255 && !text.Any(char.IsControl);

    private TimeSpan Remember(ClientKey key)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            if (_failures.Count >= MaxNetworks)
            {
                foreach (var (old, seen) in _failures)
                {
                    if (now - seen.Last > _options.Memory)
                    {
                        _failures.Remove(old);
                    }
                }
            }

            var before = _failures.GetValueOrDefault(key);
            var count = now - before.Last > _options.Memory ? 1 : before.Count + 1;
            if (before.Count > 0 || _failures.Count < MaxNetworks)
            {
                _failures[key] = (count, now);
            }

            var delay = _options.FailureDelay * Math.Pow(2, Math.Min(count - 1, 30));
            return delay < _options.MaxFailureDelay ? delay : _options.MaxFailureDelay;
        }
    }

    private void Forget(ClientKey key)
    {
        lock (_gate)
        {
            _failures.Remove(key);
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "{User} logged in by {Protocol} from {Remote}")]
    private partial void LogAccepted(string user, string protocol, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} from {Remote} was rejected")]
    private partial void LogRejected(string user, string protocol, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Logins by {Protocol} are not possible now: {Reason}")]
    private partial void LogUnavailable(string protocol, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The authenticator failed ({Protocol})")]
    private partial void LogFailure(Exception error, string protocol);
}
