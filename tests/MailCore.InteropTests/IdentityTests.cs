using System.Net;
using System.Text;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Users of ASP.NET Core Identity with the mail programs that they have.</summary>
internal sealed class IdentityTests
{
    private const string Bob = "bob@example.org";
    private const string Password = "Correct-horse-93";

    [Test]
    [Property("Fact", "curl reads by IMAP and POP3 what swaks sent to a user who was registered by UserManager, and another user gets what bob submits")]
    public async Task A_user_of_identity_gets_reads_and_sends_mail_with_curl_and_swaks()
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, Bob, Password);
        await RegisterAsync(host, "amy@example.org", Password);

        (await ClientTool.Swaks.RunAsync(["--server", $"127.0.0.1:{Port(host, "smtp")}", "--from", "ann@there.example", "--to", Bob, "--header", "Subject: for Bob"])).Succeeded();
        Assert.That(Text(await CurlAsync(host, "imap", "/INBOX;UID=1", Bob, Password)), Does.Contain("Subject: for Bob"));
        Assert.That(Text(await CurlAsync(host, "pop3", "/1", Bob, Password)), Does.Contain("Subject: for Bob"));

        (await ClientTool.Swaks.RunAsync([
            "--server", $"127.0.0.1:{Port(host, "submission")}", "--tls", "--auth-user", Bob, "--auth-password", Password, "--from", Bob, "--to", "amy@example.org", "--header", "Subject: for Amy"])).Succeeded();
        Assert.That(Text(await CurlAsync(host, "imap", "/INBOX;UID=1", "amy@example.org", Password)), Does.Contain("Subject: for Amy"));
        Assert.That((await CurlAsync(host, "imap", "/", Bob, "wrong")).ExitCode, Is.EqualTo(67), "curl's code for a refused login");
    }

    [Test]
    [Property("Fact", "curl is refused with the account's password, and let in with the one that was made for it, by all three protocols")]
    public async Task With_two_factor_curl_needs_an_app_password([Values("imap", "pop3", "smtp")] string protocol)
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, Bob, Password);
        string password;
        using (var scope = host.CreateScope())
        {
            var users = scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>();
            var bob = (await users.FindByEmailAsync(Bob))!;
            Assert.That((await users.SetTwoFactorEnabledAsync(bob, true)).Succeeded);
            password = await scope.ServiceProvider.GetRequiredService<MailAppPasswords<IdentityUser>>().CreateAsync(bob);
        }

        Assert.That((await CurlAsync(host, protocol, "/", Bob, Password)).ExitCode, Is.EqualTo(67));
        (await CurlAsync(host, protocol, "/", Bob, password)).Succeeded();
    }

    private static async Task<ClientResult> CurlAsync(ServiceProvider host, string protocol, string path, string user, string password)
    {
        var port = Port(host, protocol == "smtp" ? "submission" : protocol);
        var work = protocol == "smtp" ? new[] { "--mail-from", user, "--mail-rcpt", user, "--upload-file", "-" } : [];
        return await ClientTool.Curl.RunAsync(
            ["-sS", "--ssl-reqd", "--insecure", "--url", $"{protocol}://127.0.0.1:{port}{path}", "--user", $"{user}:{password}", .. work], StoredMessage.Make("identity"));
    }

    private static string Text(ClientResult result) => Encoding.UTF8.GetString(result.Output);

    private static int Port(ServiceProvider host, string endpoint) => host.GetRequiredService<MailServer>().Endpoints[endpoint].Port;

    private static async Task RegisterAsync(ServiceProvider host, string email, string password)
    {
        using var scope = host.CreateScope();
        var result = await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().CreateAsync(new IdentityUser { UserName = email, Email = email }, password);
        Assert.That(result.Succeeded, result.ToString());
    }

    private static async Task<ServiceProvider> StartAsync()
    {
        var services = new ServiceCollection();
        var database = Guid.NewGuid().ToString();
        services.AddDbContext<UserDb>(db => db.UseInMemoryDatabase(database));
        services.AddIdentityCore<IdentityUser>(static identity => identity.User.RequireUniqueEmail = true).AddRoles<IdentityRole>().AddEntityFrameworkStores<UserDb>();
        services.AddMailServer(static mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.Domains.Add("example.org");
            mail.UseInMemoryStore().UseIdentity<IdentityUser>().UseSelfSignedCertificate();
            mail.ListenSmtp(0);
            mail.ListenSubmission(0);
            mail.ListenImap(0);
            mail.ListenPop3(0);
        });
        var host = services.BuildServiceProvider(validateScopes: true);
        await host.GetServices<Microsoft.Extensions.Hosting.IHostedService>().Single().StartAsync(default);
        return host;
    }

    private sealed class UserDb(DbContextOptions<UserDb> options) : IdentityDbContext<IdentityUser>(options);
}
