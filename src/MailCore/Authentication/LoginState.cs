using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

/// <summary>
/// What of logins outlives the process: the bans, and the key that salts for unknown users are made up with. Kept in
/// <see cref="IServerState"/>; bans are written behind their backs, one write at a time.
/// </summary>
internal sealed partial class LoginState
{
    private const string BansKey = "login/bans";
    private const string SaltKey = "login/salt-key";

    private static readonly TimeSpan Forever = TimeSpan.FromDays(3650);
    private readonly LoginService _login;
    private readonly IServerState _state;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private int _changes;

    private LoginState(LoginService login, IServerState state, TimeProvider time, ILogger<LoginService> logger) =>
        (_login, _state, _time, _logger) = (login, state, time, logger);

    /// <summary>Takes over what an earlier life left, and keeps what changes from now on.</summary>
    public static async Task<LoginState> AttachAsync(LoginService login, IServerState state, TimeProvider time, ILogger<LoginService> logger, CancellationToken cancellationToken)
    {
        var kept = new LoginState(login, state, time, logger);
        var key = await state.GetAsync(SaltKey, cancellationToken).ConfigureAwait(false);
        if (key is not { Length: 32 })
        {
            key = RandomNumberGenerator.GetBytes(32);
            await state.SetAsync(SaltKey, key, time.GetUtcNow() + Forever, cancellationToken).ConfigureAwait(false);
        }

        login.UseSaltKey(key);
        if (await state.GetAsync(BansKey, cancellationToken).ConfigureAwait(false) is { } bans)
        {
            login.Bans.Restore(Read(Encoding.UTF8.GetString(bans)).Where(ban => ban.Until > time.GetUtcNow()));
        }

        login.Bans.Changed += kept.Save;
        return kept;
    }

    /// <summary>The last write that was begun.</summary>
    public Task Saved { get; private set; } = Task.CompletedTask;

    internal static string Write(IEnumerable<LoginBan> bans) => string.Concat(bans.Select(static ban => string.Create(
        CultureInfo.InvariantCulture,
        $"{ban.Since.ToUnixTimeMilliseconds()}\t{ban.Until.ToUnixTimeMilliseconds()}\t{ban.Network}\t{Clean(ban.User)}\t{Clean(ban.Reason)}\n")));

    internal static IEnumerable<LoginBan> Read(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('\t') is [var since, var until, var network, var user, var reason]
                && long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                && long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var to))
            {
                yield return new LoginBan
                {
                    Since = DateTimeOffset.FromUnixTimeMilliseconds(from),
                    Until = DateTimeOffset.FromUnixTimeMilliseconds(to),
                    Network = IPNetwork.TryParse(network, out var parsed) ? parsed : null,
                    User = user.Length > 0 ? user : null,
                    Reason = reason,
                };
            }
        }
    }

    private static string? Clean(string? text) => text is null ? null : string.Concat(text.Where(static c => !char.IsControl(c)));

    private void Save()
    {
        // Whoever finds a write under way leaves it to that one.
        if (Interlocked.Increment(ref _changes) == 1)
        {
            Saved = Task.Run(WriteAsync);
        }
    }

    private async Task WriteAsync()
    {
        for (var seen = 1; seen != 0;)
        {
            seen = Volatile.Read(ref _changes);
            try
            {
                await _state.SetAsync(BansKey, Encoding.UTF8.GetBytes(Write(_login.Bans.List())), _time.GetUtcNow() + Forever, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                LogNotKept(error);
            }

            if (Interlocked.CompareExchange(ref _changes, 0, seen) == seen)
            {
                seen = 0;
            }
        }
    }

    [LoggerMessage(EventId = 2009, Level = LogLevel.Warning, Message = "The bans could not be kept; they hold until this process ends")]
    private partial void LogNotKept(Exception error);
}
