using MailCore.AspNetCore;
using MailCore.Authentication;
using MailCore.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.Identity;

/// <summary>Identity's rules for logins hold for mail, and a stranger learns nothing by them.</summary>
[CancelAfter(60_000)]
internal sealed class IdentityLoginTests
{
    private const string Bob = "bob@example.org";
    private const string Wrong = "wrong-Battery-1";

    [TestCase("imap", "a NO [AUTHENTICATIONFAILED]", "a NO [UNAVAILABLE]", "a OK")]
    [TestCase("smtp", "535 5.7.8", "454 4.7.0", "235")]
    [TestCase("pop3", "-ERR [AUTH]", "-ERR [SYS/TEMP]", "+OK")]
    public async Task Failures_lock_a_user_out_and_a_name_that_nobody_has_alike(string protocol, string rejected, string later, string ok)
    {
        await using var host = await IdentityHost.StartAsync();
        var bob = await host.RegisterAsync(Bob, "bob");
        foreach (var name in new[] { Bob, "nobody@example.org", "nobody" })
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.That(await host.LogInAsync(name, Wrong, protocol), Does.StartWith(rejected), $"{name} {i}");
            }

            Assert.That(await host.LogInAsync(name, Wrong, protocol), Does.StartWith(later), name);
            Assert.That(await host.LogInAsync(name, IdentityHost.Password, protocol), Does.StartWith(later), name);
        }

        Assert.That(await host.LogInAsync("bob", IdentityHost.Password, protocol), Does.StartWith(later));
        Assert.That(await host.LogInAsync("another", Wrong, protocol), Does.StartWith(rejected));
        await host.ChangeAsync(bob, static (users, user) => users.SetLockoutEndDateAsync(user, DateTimeOffset.UtcNow.AddSeconds(-1)));
        Assert.That(await host.LogInAsync(Bob, IdentityHost.Password, protocol), Does.StartWith(ok));
    }

    [Test]
    public async Task A_lockout_of_a_name_that_nobody_has_ends_as_another_does_and_no_more_than_20000_are_remembered()
    {
        var time = new ManualTimeProvider();
        await using var host = await IdentityHost.StartAsync(
            mail => mail.Services.AddSingleton<TimeProvider>(time), more: static identity => identity.Services.Configure<PasswordHasherOptions>(static all => all.IterationCount = 1));
        var authenticator = host.Services.GetRequiredService<IMailAuthenticator>();
        await LockOutAsync("nobody");
        time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.That(await VerifyAsync("nobody"), Is.TypeOf<AuthenticationResult.TryLater>());
        time.Advance(TimeSpan.FromTicks(1));
        await LockOutAsync("nobody");

        for (var i = 0; i < 9_999; i++)
        {
            await VerifyAsync($"first{i}");
        }

        Assert.That(await VerifyAsync("nobody"), Is.TypeOf<AuthenticationResult.TryLater>());
        for (var i = 0; i < 10_001; i++)
        {
            await VerifyAsync($"second{i}");
        }

        Assert.That(await VerifyAsync("nobody"), Is.TypeOf<AuthenticationResult.Rejected>());

        async Task LockOutAsync(string name)
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.That(await VerifyAsync(name), Is.TypeOf<AuthenticationResult.Rejected>());
            }

            Assert.That(await VerifyAsync(name), Is.TypeOf<AuthenticationResult.TryLater>());
        }

        ValueTask<AuthenticationResult> VerifyAsync(string name) => authenticator.VerifyPasswordAsync(name, Wrong, new AuthenticationContext("imap", null, true), default);
    }

    [Test]
    public async Task A_login_that_worked_resets_the_count_and_counting_may_be_left_to_the_web()
    {
        await using var host = await IdentityHost.StartAsync();
        var bob = await host.RegisterAsync(Bob);
        await host.LogInAsync(Bob, Wrong);
        await host.LogInAsync(Bob, Wrong);
        Assert.That(await FailuresAsync(host, bob), Is.EqualTo(2));
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a OK"));
        Assert.That(await FailuresAsync(host, bob), Is.Zero);

        await using var other = await IdentityHost.StartAsync(options: static own => own.CountsFailures = false);
        bob = await other.RegisterAsync(Bob);
        foreach (var name in new[] { Bob, "nobody" })
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.That(await other.LogInAsync(name, Wrong), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
            }
        }

        Assert.That(await FailuresAsync(other, bob), Is.Zero);
        await other.ChangeAsync(bob, static (users, user) => users.SetLockoutEndDateAsync(user, DateTimeOffset.MaxValue));
        Assert.That(await other.LogInAsync(Bob), Does.StartWith("a NO [UNAVAILABLE]"));
    }

    [TestCase(Bob, Description = "a wrong password")]
    [TestCase("nobody@example.org", Description = "an address that nobody has")]
    [TestCase("nobody", Description = "a name that nobody has")]
    [TestCase("eve@elsewhere.example", Description = "a user without a mailbox")]
    [TestCase("amy@example.org", Description = "a user without a password")]
    public async Task Each_refusal_costs_one_hash_and_no_less_time(string name)
    {
        var time = new ManualTimeProvider();
        await using var host = await IdentityHost.StartAsync(
            mail => mail.Services.AddSingleton<TimeProvider>(time), static own => own.RefusalTime = TimeSpan.FromSeconds(1));
        await host.RegisterAsync(Bob);
        await host.RegisterAsync("eve@elsewhere.example");
        await host.RegisterAsync("amy@example.org", password: null);
        var authenticator = host.Services.GetRequiredService<IMailAuthenticator>();

        var login = authenticator.VerifyPasswordAsync(name, Wrong, new AuthenticationContext("imap", null, true), default).AsTask();
        Assert.That(() => time.ArmedTimers, Is.GreaterThan(0).After(30_000, 10));
        Assert.That(host.Hasher.Verified, Is.EqualTo(1));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.That(login.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(await login, Is.TypeOf<AuthenticationResult.Rejected>());
    }

    [Test]
    public async Task Who_may_not_sign_in_is_refused_as_by_a_wrong_password([Values] bool hasSignInManager)
    {
        await using var host = await IdentityHost.StartAsync(
            identity: static all => all.SignIn.RequireConfirmedEmail = true,
            more: builder =>
            {
                if (hasSignInManager)
                {
                    builder.Services.AddAuthentication();
                    builder.AddSignInManager<WeekdaySignInManager>();
                }
            });
        var bob = await host.RegisterAsync(Bob);
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        Assert.That(host.Log.Lines.Select(static line => line.Text), Has.Some.Contains("does not let the user sign in"));
        await host.ChangeAsync(bob, static async (users, user) =>
        {
            user.EmailConfirmed = true;
            return await users.UpdateAsync(user);
        });
        Assert.That(await host.LogInAsync(Bob), Does.StartWith(hasSignInManager ? "a NO [AUTHENTICATIONFAILED]" : "a OK"));
        await host.ChangeAsync(bob, static (users, user) => users.SetPhoneNumberAsync(user, "on weekdays"));
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a OK"));
    }

    [TestCase(true, false)]
    [TestCase(false, true)]
    public async Task A_confirmed_account_or_phone_number_may_be_asked_for(bool account, bool phone)
    {
        await using var host = await IdentityHost.StartAsync(identity: all => (all.SignIn.RequireConfirmedAccount, all.SignIn.RequireConfirmedPhoneNumber) = (account, phone));
        var bob = await host.RegisterAsync(Bob);
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        await host.ChangeAsync(bob, (users, user) =>
        {
            (user.EmailConfirmed, user.PhoneNumberConfirmed) = (account, phone);
            return users.UpdateAsync(user);
        });
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a OK"));
    }

    [Test]
    public async Task With_two_factor_only_an_app_password_opens_the_mailbox_until_it_is_taken_back()
    {
        await using var host = await IdentityHost.StartAsync(options: static own => own.CountsFailures = false);
        var bob = await host.RegisterAsync(Bob);
        var amy = await host.RegisterAsync("amy@example.org");
        await host.ChangeAsync(bob, static (users, user) => users.SetTwoFactorEnabledAsync(user, true));
        string[] passwords = [await MakeAsync(host, bob), await MakeAsync(host, bob), await MakeAsync(host, amy)];

        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        Assert.That(host.Log.Lines.Select(static line => line.Text), Has.Some.Contains("two-factor is on"));
        foreach (var form in new[] { passwords[0], passwords[1], passwords[0].Replace("-", "", StringComparison.Ordinal), passwords[0].Replace('-', ' ').ToUpperInvariant() })
        {
            Assert.That(await host.LogInAsync(Bob, form), Does.StartWith("a OK"), form);
        }

        Assert.That(passwords, Is.Unique.And.All.Matches("^[a-km-np-z2-9]{8}(-[a-km-np-z2-9]{8}){3}$"));
        Assert.That(await host.LogInAsync(Bob, passwords[2]), Does.StartWith("a NO"));
        Assert.That(await host.LogInAsync(Bob, passwords[0][..9] + passwords[1][9..]), Does.StartWith("a NO"));
        Assert.That(await host.LogInAsync("amy@example.org", passwords[2]), Does.StartWith("a OK"));
        Assert.That(await host.LogInAsync("amy@example.org"), Does.StartWith("a OK"), "without two-factor the password does as well");

        Assert.That(await RevokeAsync(host, bob, passwords[0][..8]), Is.True);
        Assert.That(await RevokeAsync(host, bob, passwords[0][..8]), Is.False);
        Assert.That(await host.LogInAsync(Bob, passwords[0]), Does.StartWith("a NO"));
        Assert.That(await host.LogInAsync(Bob, passwords[1]), Does.StartWith("a OK"));
        using var scope = host.Services.CreateScope();
        var kept = scope.ServiceProvider.GetRequiredService<UserDb>().UserTokens.Select(static token => token.Value).ToArray();
        Assert.That(kept, Has.Length.EqualTo(2));
        Assert.That(string.Concat(kept) + string.Concat(host.Log.Lines), Does.Not.Contain(passwords[1][9..]).And.Not.Contain(IdentityHost.Password).And.Not.Contain(passwords[1][9..17]));
    }

    [Test]
    public async Task An_app_password_opens_nothing_for_who_is_locked_out_or_may_not_sign_in()
    {
        await using var host = await IdentityHost.StartAsync(identity: static all => all.SignIn.RequireConfirmedEmail = true);
        var bob = await host.RegisterAsync(Bob);
        var password = await MakeAsync(host, bob);
        Assert.That(await host.LogInAsync(Bob, password), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        await host.ChangeAsync(bob, static (users, user) =>
        {
            user.EmailConfirmed = true;
            return users.SetLockoutEndDateAsync(user, DateTimeOffset.MaxValue);
        });
        Assert.That(await host.LogInAsync(Bob, password), Does.StartWith("a NO [UNAVAILABLE]"));
    }

    [Test]
    public async Task A_changed_password_holds_at_once_and_a_deleted_user_is_gone()
    {
        await using var host = await IdentityHost.StartAsync();
        var bob = await host.RegisterAsync(Bob);
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a OK"));
        await host.ChangeAsync(bob, static (users, user) => users.ChangePasswordAsync(user, IdentityHost.Password, "Another-horse-94"));
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a NO"));
        Assert.That(await host.LogInAsync(Bob, "Another-horse-94"), Does.StartWith("a OK"));
        await host.ChangeAsync(bob, static (users, user) => users.DeleteAsync(user));
        Assert.That(await host.LogInAsync(Bob, "Another-horse-94"), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("550 5.1.1"));
    }

    [Test]
    public async Task Others_may_be_asked_about_users_that_identity_does_not_know()
    {
        await using var host = await IdentityHost.StartAsync(static mail =>
        {
            var others = new InMemoryAuthenticator(iterations: 1_000);
            others.SetPassword("robot", new MailCore.Storage.AccountId("robot@example.org"), "secret");
            others.SetPassword(Bob, new MailCore.Storage.AccountId("robot@example.org"), "secret");
            mail.AddAuthenticator(_ => others);
        });
        await host.RegisterAsync(Bob);
        Assert.That(await host.LogInAsync("robot", "secret"), Does.StartWith("a OK"));
        Assert.That(await host.LogInAsync(Bob, "secret"), Does.StartWith("a NO"), "Identity knows him");
    }

    private static async Task<int> FailuresAsync(IdentityHost host, IdentityUser user)
    {
        var count = 0;
        await host.UseAsync(async users => count = (await users.FindByIdAsync(user.Id))!.AccessFailedCount);
        return count;
    }

    private static async Task<string> MakeAsync(IdentityHost host, IdentityUser user)
    {
        using var scope = host.Services.CreateScope();
        var known = await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().FindByIdAsync(user.Id);
        return await scope.ServiceProvider.GetRequiredService<MailAppPasswords<IdentityUser>>().CreateAsync(known!);
    }

    private static async Task<bool> RevokeAsync(IdentityHost host, IdentityUser user, string name)
    {
        using var scope = host.Services.CreateScope();
        var known = await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().FindByIdAsync(user.Id);
        return await scope.ServiceProvider.GetRequiredService<MailAppPasswords<IdentityUser>>().RevokeAsync(known!, name);
    }

    /// <summary>An application's own rule.</summary>
    internal sealed class WeekdaySignInManager(
        UserManager<IdentityUser> users,
        IHttpContextAccessor context,
        IUserClaimsPrincipalFactory<IdentityUser> claims,
        IOptions<IdentityOptions> options,
        ILogger<SignInManager<IdentityUser>> logger,
        IAuthenticationSchemeProvider schemes,
        IUserConfirmation<IdentityUser> confirmation) : SignInManager<IdentityUser>(users, context, claims, options, logger, schemes, confirmation)
    {
        public override async Task<bool> CanSignInAsync(IdentityUser user) => user.PhoneNumber == "on weekdays" && await base.CanSignInAsync(user);
    }
}
