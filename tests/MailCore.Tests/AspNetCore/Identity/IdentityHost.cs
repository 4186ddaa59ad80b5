using System.Net;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Tests.Authentication;
using MailCore.Tests.Pop3;
using MailCore.Tests.Tls;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.Identity;

internal sealed class UserDb(DbContextOptions<UserDb> options) : IdentityDbContext<IdentityUser>(options);

/// <summary>Counts what a stranger could time.</summary>
internal sealed class CountingHasher(Microsoft.Extensions.Options.IOptions<PasswordHasherOptions> options) : PasswordHasher<IdentityUser>(options)
{
    private int _verified;

    public int Verified => Volatile.Read(ref _verified);

    public override PasswordVerificationResult VerifyHashedPassword(IdentityUser user, string hashedPassword, string providedPassword)
    {
        Interlocked.Increment(ref _verified);
        return base.VerifyHashedPassword(user, hashedPassword, providedPassword);
    }
}

/// <summary>A mail server whose users are Identity's, by Entity Framework in memory; submission, IMAP, POP3 and SMTP on loopback without TLS.</summary>
internal sealed class IdentityHost : IAsyncDisposable
{
    public const string Password = "Correct-horse-93";

    private readonly ServiceProvider _container;

    private IdentityHost(ServiceProvider container) => _container = container;

    public IServiceProvider Services => _container;

    public CollectedLog Log { get; private init; } = null!;

    public CountingHasher Hasher => (CountingHasher)Services.GetRequiredService<IPasswordHasher<IdentityUser>>();

    public static async Task<IdentityHost> StartAsync(
        Action<MailServerBuilder>? mail = null, Action<IdentityMailOptions>? options = null, Action<IdentityOptions>? identity = null, Action<IdentityBuilder>? more = null)
    {
        var services = new ServiceCollection();
        var log = new CollectedLog();
        services.AddSingleton<ILoggerFactory>(log);
        var database = Guid.NewGuid().ToString();
        services.AddDbContext<UserDb>(db => db.UseInMemoryDatabase(database));
        services.Configure<PasswordHasherOptions>(static all => all.IterationCount = 1_000);
        services.AddSingleton<IPasswordHasher<IdentityUser>, CountingHasher>();
        var builder = services.AddIdentityCore<IdentityUser>(all =>
        {
            all.User.RequireUniqueEmail = true;
            all.Lockout.MaxFailedAccessAttempts = 3;
            identity?.Invoke(all);
        }).AddRoles<IdentityRole>().AddEntityFrameworkStores<UserDb>();
        more?.Invoke(builder);
        services.AddMailServer(all =>
        {
            all.HostName = "mx.example.org";
            all.BindAddress = IPAddress.Loopback;
            all.Domains.Add("example.org");
            all.UseInMemoryStore().UseIdentity<IdentityUser>(own =>
            {
                own.RefusalTime = TimeSpan.Zero;
                options?.Invoke(own);
            });
            all.Logins.FailureDelay = TimeSpan.Zero;
            all.ListenSmtp(0).UseCleartext();
            all.ListenSubmission(0).UseCleartext().AllowCleartextAuthentication();
            all.ListenImap(0).UseCleartext().AllowCleartextAuthentication();
            all.ListenPop3(0).UseCleartext().AllowCleartextAuthentication();
            mail?.Invoke(all);
        });
        var host = new IdentityHost(services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true })) { Log = log };
        try
        {
            await host.Services.GetRequiredService<MailServer>().StartAsync(default);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async Task<IdentityUser> RegisterAsync(string? email, string? name = null, string? password = Password, params string[] roles)
    {
        var user = new IdentityUser { UserName = name ?? email, Email = email };
        await UseAsync(async users =>
        {
            Check(password is null ? await users.CreateAsync(user) : await users.CreateAsync(user, password));
        });
        using var scope = Services.CreateScope();
        var known = scope.ServiceProvider.GetRequiredService<RoleManager<IdentityRole>>();
        foreach (var role in roles)
        {
            if (!await known.RoleExistsAsync(role))
            {
                Check(await known.CreateAsync(new IdentityRole(role)));
            }

            await ChangeAsync(user, (users, found) => users.AddToRoleAsync(found, role));
        }

        return user;
    }

    public async Task UseAsync(Func<UserManager<IdentityUser>, Task> use)
    {
        using var scope = Services.CreateScope();
        await use(scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>());
    }

    /// <summary>As a page of the application would.</summary>
    public Task ChangeAsync(IdentityUser user, Func<UserManager<IdentityUser>, IdentityUser, Task<IdentityResult>> change) =>
        UseAsync(async users => Check(await change(users, (await users.FindByIdAsync(user.Id))!)));

    public async Task<LoginClient> ConnectAsync(string protocol) =>
        await LoginClient.ConnectAsync(protocol, Services.GetRequiredService<MailServer>().Endpoints[protocol == "smtp" ? "submission" : protocol].Port, null, []);

    public async Task<string> LogInAsync(string user, string password = Password, string protocol = "imap")
    {
        await using var client = await ConnectAsync(protocol);
        return await client.LogInAsync(OneMessage.Plain(user, password));
    }

    /// <summary>The reply to RCPT, or, if that was positive, to the message.</summary>
    public async Task<string> ReceiveAsync(string to, string message = "Subject: hello\r\n\r\nhello, Bob\r\n")
    {
        using var client = await MailClient.ConnectAsync(Services.GetRequiredService<MailServer>().Endpoints["smtp"]);
        await client.ReadLineAsync();
        await client.SayAsync("HELO there.example");
        await client.SayAsync("MAIL FROM:<ann@there.example>");
        var reply = await client.SayAsync($"RCPT TO:<{to}>");
        if (reply!.StartsWith('2'))
        {
            await client.SayAsync("DATA");
            reply = await client.SayAsync(message + ".");
        }

        return reply!;
    }

    public async ValueTask DisposeAsync() => await _container.DisposeAsync();

    private static void Check(IdentityResult result) => Assert.That(result.Succeeded, Is.True, result.ToString());
}
