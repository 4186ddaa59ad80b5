using MailCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.AspNetCore.Identity;

/// <summary>Asks Identity, in a scope of its own for each login. Thread-safe.</summary>
/// <remarks>
/// A stranger learns nothing of who is a user: a name that nobody has costs a hash as well, is locked out by the same rules, and no
/// refusal is faster than another. What only the right password brings to light (no confirmed address, two-factor) is refused as a
/// wrong one would be, and the log has the reason.
/// </remarks>
internal sealed partial class IdentityAuthenticator<TUser>(
    IServiceScopeFactory scopes, IdentityAccounts<TUser> accounts, IdentityMailOptions options, TimeProvider time, ILogger<IdentityAuthenticator<TUser>> logger)
    : IMailAuthenticator, IDisposable
    where TUser : class, new()
{
    private static readonly AuthenticationResult Rejected = new AuthenticationResult.Rejected();

    private readonly UnknownNames _unknown = new(time);

    // A hash keeps a processor busy; one stays free for other work.
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount - 1));
    private readonly TUser _nobody = new();
    private string? _nobodysHash;

    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        AuthenticationResult result;
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            result = await VerifyAsync(scope.ServiceProvider, user, password, cancellationToken).ConfigureAwait(false);
        }

        if (result is not AuthenticationResult.Ok && options.RefusalTime - time.GetElapsedTime(started) is { Ticks: > 0 } left)
        {
            await Task.Delay(left, time, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    public async ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            return await accounts.FindAsync(scope.ServiceProvider.GetRequiredService<UserManager<TUser>>(), user).ConfigureAwait(false) is not null;
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task<AuthenticationResult> VerifyAsync(IServiceProvider services, string name, string password, CancellationToken cancellationToken)
    {
        var users = services.GetRequiredService<UserManager<TUser>>();
        _nobodysHash ??= users.PasswordHasher.HashPassword(_nobody, "nobody's password");
        if (await accounts.FindAsync(users, name).ConfigureAwait(false) is not { } account)
        {
            return await RefuseUnknownAsync(users, name, password, cancellationToken).ConfigureAwait(false);
        }

        var user = account.User;
        if (users.SupportsUserLockout && await users.IsLockedOutAsync(user).ConfigureAwait(false))
        {
            return new AuthenticationResult.TryLater($"{account.Id} is locked out");
        }

        if (!await MailAppPasswords<TUser>.VerifyAsync(users, user, password).ConfigureAwait(false))
        {
            if (!await IsPasswordAsync(users, user, password, cancellationToken).ConfigureAwait(false))
            {
                await CountFailureAsync(users, user).ConfigureAwait(false);
                return Rejected;
            }

            if (users.SupportsUserTwoFactor && await users.GetTwoFactorEnabledAsync(user).ConfigureAwait(false))
            {
                LogTwoFactor(account.Id.Value);
                return Rejected;
            }
        }

        if (!await CanSignInAsync(services, users, user).ConfigureAwait(false))
        {
            LogNotAllowed(account.Id.Value);
            return Rejected;
        }

        if (users.SupportsUserLockout)
        {
            await users.ResetAccessFailedCountAsync(user).ConfigureAwait(false);
        }

        return new AuthenticationResult.Ok(new MailIdentity(account.Address.ToString(), account.Id)
        {
            Groups = users.SupportsUserRole ? [.. await users.GetRolesAsync(user).ConfigureAwait(false)] : [],
        });
    }

    private async Task<AuthenticationResult> RefuseUnknownAsync(UserManager<TUser> users, string name, string password, CancellationToken cancellationToken)
    {
        var key = users.NormalizeName(name) ?? name;
        if (_unknown.IsLockedOut(key))
        {
            return new AuthenticationResult.TryLater("a name that nobody has is locked out");
        }

        await TakeTurnAsync(() => Task.FromResult(IsNobodys(users, password)), cancellationToken).ConfigureAwait(false);
        if (options.CountsFailures && users.SupportsUserLockout && users.Options.Lockout.AllowedForNewUsers)
        {
            _unknown.Fail(key, users.Options.Lockout);
        }

        return Rejected;
    }

    private Task<bool> IsPasswordAsync(UserManager<TUser> users, TUser user, string password, CancellationToken cancellationToken) => TakeTurnAsync(
        async () => await users.HasPasswordAsync(user).ConfigureAwait(false)
            ? await users.CheckPasswordAsync(user, password).ConfigureAwait(false)
            : IsNobodys(users, password),
        cancellationToken);

    /// <summary>False, in the time that it takes to find out.</summary>
    private bool IsNobodys(UserManager<TUser> users, string password)
    {
        users.PasswordHasher.VerifyHashedPassword(_nobody, _nobodysHash!, password);
        return false;
    }

    private async Task<bool> TakeTurnAsync(Func<Task<bool>> check, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await check().ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task CountFailureAsync(UserManager<TUser> users, TUser user)
    {
        if (options.CountsFailures && users.SupportsUserLockout)
        {
            // Of failures at the same moment Identity may count one; the server's own limits count them all.
            await users.AccessFailedAsync(user).ConfigureAwait(false);
        }
    }

    /// <summary>IdentityOptions.SignIn, by the application's own SignInManager where it has one.</summary>
    private static async Task<bool> CanSignInAsync(IServiceProvider services, UserManager<TUser> users, TUser user)
    {
        if (services.GetService<SignInManager<TUser>>() is { } signIn)
        {
            return await signIn.CanSignInAsync(user).ConfigureAwait(false);
        }

        var rules = users.Options.SignIn;
        return (!rules.RequireConfirmedEmail || await users.IsEmailConfirmedAsync(user).ConfigureAwait(false))
            && (!rules.RequireConfirmedPhoneNumber || await users.IsPhoneNumberConfirmedAsync(user).ConfigureAwait(false))
            && (!rules.RequireConfirmedAccount || await IsConfirmedAsync(services, users, user).ConfigureAwait(false));
    }

    private static Task<bool> IsConfirmedAsync(IServiceProvider services, UserManager<TUser> users, TUser user) =>
        services.GetService<IUserConfirmation<TUser>>() is { } confirmation ? confirmation.IsConfirmedAsync(users, user) : users.IsEmailConfirmedAsync(user);

    [LoggerMessage(EventId = 2021, Level = LogLevel.Information, Message = "{Account} gave the right password and is refused: two-factor is on, and it was no app password")]
    private partial void LogTwoFactor(string account);

    [LoggerMessage(EventId = 2022, Level = LogLevel.Information, Message = "{Account} gave the right password and is refused: Identity does not let the user sign in, such as before the address is confirmed")]
    private partial void LogNotAllowed(string account);
}
