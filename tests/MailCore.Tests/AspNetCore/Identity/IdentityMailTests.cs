using System.Text;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tests.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.Identity;

/// <summary>Identity's users get, read and send mail.</summary>
[CancelAfter(60_000)]
internal sealed class IdentityMailTests
{
    private const string Bob = "bob@example.org";

    [Test]
    public async Task Who_registers_gets_mail_by_smtp_reads_it_by_imap_and_pop3_and_sends_as_himself_alone()
    {
        await using var host = await IdentityHost.StartAsync();
        Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("550 5.1.1"));
        await host.RegisterAsync(Bob, "bobby");
        await host.RegisterAsync("amy@example.org", "amy");
        Assert.That(await host.ReceiveAsync("Bob+news@Example.Org"), Does.StartWith("250"));

        await using (var imap = await host.ConnectAsync("imap"))
        {
            Assert.That(await imap.AskAsync($"a LOGIN {Bob} {IdentityHost.Password}"), Does.StartWith("a OK"));
            Assert.That(await imap.IsLoggedInAsync(), Is.True);
            await imap.SendAsync("c FETCH 1 BODY[TEXT]");
            var lines = new List<string>();
            do
            {
                lines.Add(await imap.ReadLineAsync());
            }
            while (!lines[^1].StartsWith("c ", StringComparison.Ordinal));
            Assert.That(lines, Does.Contain("hello, Bob"));
        }

        await using (var pop = await host.ConnectAsync("pop3"))
        {
            Assert.That(await pop.LogInAsync(OneMessage.Plain("bobby", IdentityHost.Password)), Does.StartWith("+OK"));
            Assert.That(await pop.AskAsync("STAT"), Does.StartWith("+OK 1 "));
        }

        await using var smtp = await host.ConnectAsync("smtp");
        Assert.That(await smtp.LogInAsync(OneMessage.Plain("BOB@example.org", IdentityHost.Password)), Does.StartWith("235"));
        Assert.That(await smtp.AskAsync("MAIL FROM:<amy@example.org>"), Does.StartWith("553 5.7.1"));
        Assert.That(await smtp.AskAsync($"MAIL FROM:<{Bob}>"), Does.StartWith("250"));
        Assert.That(await smtp.AskAsync("RCPT TO:<amy@example.org>"), Does.StartWith("250"));
        Assert.That(await smtp.AskAsync("DATA"), Does.StartWith("354"));
        Assert.That(await smtp.AskAsync("Subject: x\r\n\r\nhi\r\n."), Does.StartWith("250"));
    }

    [Test]
    public async Task Only_mechanisms_that_send_the_password_are_announced([Values("smtp", "imap", "pop3")] string protocol)
    {
        await using var host = await IdentityHost.StartAsync();
        await using var client = await host.ConnectAsync(protocol);
        Assert.That(await client.AnnouncedAsync(), Is.EquivalentTo(new[] { "PLAIN", "LOGIN" }));
        Assert.That(await client.LogInAsync(new OneMessage("SCRAM-SHA-256", "n,,n=bob,r=x")), Does.StartWith(protocol switch { "smtp" => "504", "imap" => "a NO", _ => "-ERR" }));
    }

    [TestCase("victim@elsewhere.example", "550 5.7.1", Description = "somebody else's mail stays somebody else's")]
    [TestCase("eve+x@example.org", "550 5.1.1", Description = "eve's mail with a tag")]
    [TestCase("\"eve\"@example.org", "550 5.1.1", Description = "the same as eve@example.org")]
    [TestCase("eve@example.org.", "550 5.1.1", Description = "the same as eve@example.org")]
    [TestCase("stra\u1E9Ee@example.org", "550 5.1.1", Description = "another to Identity, the same in lower case")]
    public async Task A_user_with_such_an_address_has_no_mailbox_and_can_not_log_in(string email, string expected)
    {
        await using var host = await IdentityHost.StartAsync(identity: static all => all.User.AllowedUserNameCharacters = "");
        await host.RegisterAsync(email, "mallory");
        Assert.That(await host.ReceiveAsync(Ascii.IsValid(email) ? email.TrimEnd('.') : "strasse@example.org"), Does.StartWith(expected));
        Assert.That(await host.LogInAsync("mallory"), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        Assert.That(await host.LogInAsync(email), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        Assert.That(await ListAsync(host), Is.Empty);
    }

    [Test]
    public async Task Of_two_users_with_one_address_neither_gets_the_mailbox()
    {
        await using var host = await IdentityHost.StartAsync();
        await host.RegisterAsync(Bob, "bob");
        var eve = await host.RegisterAsync("eve@example.org", "eve");
        using (var scope = host.Services.CreateScope())
        {
            // As two that register at the same moment.
            var db = scope.ServiceProvider.GetRequiredService<UserDb>();
            var row = (await db.Users.FindAsync(eve.Id))!;
            (row.Email, row.NormalizedEmail) = (Bob, Bob.ToUpperInvariant());
            await db.SaveChangesAsync();
        }

        Assert.That(await host.LogInAsync("eve"), Does.StartWith("a NO [UNAVAILABLE]"));
        Assert.That(await host.LogInAsync(Bob), Does.StartWith("a NO [UNAVAILABLE]"));
        Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("451"));
    }

    [Test]
    public async Task A_user_may_be_called_by_name_at_a_domain_of_ours()
    {
        await using var host = await IdentityHost.StartAsync(options: static own => own.UserNamesAt = "mail.example");
        await host.RegisterAsync("bob@elsewhere.example", "Bob");
        await host.RegisterAsync("amy@elsewhere.example", "amy@mail.example");

        Assert.That(await host.ReceiveAsync("bob@mail.example"), Does.StartWith("250"));
        Assert.That(await host.ReceiveAsync("bob@example.org"), Does.StartWith("550 5.1.1"));
        Assert.That(await host.ReceiveAsync("bob@elsewhere.example"), Does.StartWith("550 5.7.1"));
        Assert.That(await host.ReceiveAsync("amy@mail.example"), Does.StartWith("550 5.1.1"));
        Assert.That(await host.ReceiveAsync("\"amy@mail.example\"@mail.example"), Does.StartWith("550 5.1.1"));
        Assert.That(await host.LogInAsync("bob"), Does.StartWith("a OK"));
        Assert.That(await host.LogInAsync("BOB@mail.example"), Does.StartWith("a OK"));
        Assert.That(await host.LogInAsync("bob@elsewhere.example"), Does.StartWith("a NO"));
        Assert.That(await host.LogInAsync("amy@mail.example"), Does.StartWith("a NO"));
        Assert.That(await ListAsync(host), Is.EqualTo(new[] { "bob@mail.example Bob@mail.example" }));
    }

    [TestCase(false, 0)]
    [TestCase(true, 1)]
    public async Task A_mailbox_stays_with_the_address_or_moves_with_the_user(bool byUserId, int expected)
    {
        await using var host = await IdentityHost.StartAsync(options: own => own.AccountsByUserId = byUserId);
        var bob = await host.RegisterAsync(Bob, "bob");
        Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("250"));
        await host.ChangeAsync(bob, static (users, user) => users.SetEmailAsync(user, "robert@example.org"));
        await host.RegisterAsync(Bob, "eve");

        Assert.That(await CountAsync(host, "bob"), Is.EqualTo(expected));
        Assert.That(await CountAsync(host, "eve"), Is.EqualTo(1 - expected));
    }

    [Test]
    public async Task Roles_are_groups_in_access_control_lists()
    {
        await using var host = await IdentityHost.StartAsync();
        await host.RegisterAsync(Bob);
        await host.RegisterAsync("amy@example.org", null, IdentityHost.Password, "Sales");
        await host.RegisterAsync("eve@example.org", null, IdentityHost.Password, "Staff");
        await using (var bob = await host.ConnectAsync("imap"))
        {
            await bob.LogInAsync(OneMessage.Plain(Bob, IdentityHost.Password));
            Assert.That(await bob.AskAsync("b CREATE Work"), Does.StartWith("b OK"));
            Assert.That(await bob.AskAsync("c SETACL Work $sales lr"), Does.StartWith("c OK"));
        }

        Assert.That(await ExamineAsync("amy@example.org"), Does.StartWith("b OK"));
        Assert.That(await ExamineAsync("eve@example.org"), Does.StartWith("b NO"));

        async Task<string> ExamineAsync(string user)
        {
            await using var client = await host.ConnectAsync("imap");
            await client.LogInAsync(OneMessage.Plain(user, IdentityHost.Password));
            var line = await client.AskAsync($"b EXAMINE \"Other Users/{Bob}/Work\"");
            while (!line.StartsWith("b ", StringComparison.Ordinal))
            {
                line = await client.ReadLineAsync();
            }

            return line;
        }
    }

    [Test]
    public async Task Who_may_not_log_in_gets_mail_all_the_same()
    {
        await using var host = await IdentityHost.StartAsync(identity: static all => all.SignIn.RequireConfirmedEmail = true);
        var bob = await host.RegisterAsync(Bob);
        await host.ChangeAsync(bob, static (users, user) => users.SetLockoutEndDateAsync(user, DateTimeOffset.MaxValue));
        Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("250"));
    }

    [Test]
    public async Task A_durable_store_keeps_the_mail_of_users_that_it_does_not_know([Values] bool byUserId)
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-identity-");
        try
        {
            await using var host = await IdentityHost.StartAsync(
                mail => mail.UseSqliteStore(folder.FullName).UseIdentity<IdentityUser>(own => (own.RefusalTime, own.AccountsByUserId) = (TimeSpan.Zero, byUserId)));
            await host.RegisterAsync(Bob, "bob");
            Assert.That(await host.ReceiveAsync(Bob), Does.StartWith("250"));
            Assert.That(await host.ReceiveAsync("nobody@example.org"), Does.StartWith("550 5.1.1"));
            Assert.That(await CountAsync(host, "bob"), Is.EqualTo(1));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task The_start_fails_where_identity_is_missing_or_would_give_a_mailbox_to_two()
    {
        var same = await Assert.ThrowsAsync<MailServerConfigurationException>(() => IdentityHost.StartAsync(identity: static all => all.User.RequireUniqueEmail = false));
        Assert.That(same!.Message, Does.Contain("RequireUniqueEmail").And.Contain("UserNamesAt"));
        var nowhere = await Assert.ThrowsAsync<MailServerConfigurationException>(() => IdentityHost.StartAsync(static mail => mail.Domains.Clear()));
        Assert.That(nowhere!.Message, Does.Contain("mail.Domains"));
        var elsewhere = await Assert.ThrowsAsync<NotSupportedException>(() => IdentityHost.StartAsync(static mail => mail.AddAccount("office@example.org", "secret")));
        Assert.That(elsewhere!.Message, Does.Contain("UserManager.CreateAsync"));
        var missing = await Assert.ThrowsAsync<MailServerConfigurationException>(static () => MailServer.StartAsync(static mail =>
        {
            mail.Domains.Add("example.org");
            mail.UseInMemoryStore().UseIdentity<IdentityUser>().ListenSmtp(0).UseCleartext();
        }));
        Assert.That(missing!.Message, Does.Contain("AddIdentityCore<IdentityUser>()"));
        Assert.That(static () => new ServiceCollection().AddMailServer(static mail => mail.UseIdentity<IdentityUser>(static own => own.UserNamesAt = "a b")), Throws.TypeOf<FormatException>());
    }

    private static async Task<string[]> ListAsync(IdentityHost host)
    {
        var all = new List<string>();
        await foreach (var account in host.Services.GetRequiredService<IMailDirectory>().ListAsync(default))
        {
            all.Add($"{account.Id} {account.Address}");
        }

        return [.. all];
    }

    private static async Task<int> CountAsync(IdentityHost host, string user)
    {
        await using var client = await host.ConnectAsync("pop3");
        await client.LogInAsync(OneMessage.Plain(user, IdentityHost.Password));
        return (await client.AskAsync("STAT")).Split(' ') is ["+OK", var count, ..] ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : -1;
    }
}
