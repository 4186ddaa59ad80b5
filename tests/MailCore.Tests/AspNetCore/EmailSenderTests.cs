using System.Text;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.UI.Services;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

[CancelAfter(30_000)]
internal sealed class EmailSenderTests
{
    [TestCase("Welcome", "Hello")]
    [TestCase("Grüße, \"Bob\" 👋", "ein Name mit ü")]
    [TestCase("Injected\r\nBcc: victim@elsewhere.example", "also\r\nX-Evil: 1")]
    [TestCase("a very long subject of more than seventy-eight characters that has to be folded somewhere on its way", "Hello")]
    [TestCase("", "")]
    public async Task A_message_of_asp_net_is_in_the_users_mailbox_with_its_texts(string subject, string name)
    {
        await using var host = await HostAsync(options => options.DisplayName = name);
        var html = $"<p>{string.Concat(Enumerable.Repeat("Zeile ü ", 40))}</p>";

        await host.GetRequiredService<IEmailSender>().SendEmailAsync("bob@example.org", subject, html);

        var (summary, text) = await ReadAsync(host);
        Assert.Multiple(() =>
        {
            Assert.That(summary.Envelope.DecodedSubject ?? "", Is.EqualTo(subject.ReplaceLineEndings("  ")));
            Assert.That(summary.Envelope.Bcc, Is.Empty);
            Assert.That(summary.Envelope.From.Single().ToString(), Does.Contain("app"));
            Assert.That(text.Split("\r\n"), Has.All.Matches<string>(static line => line!.Length <= 78 && !line.StartsWith("X-Evil", StringComparison.Ordinal)));
            Assert.That(Encoding.UTF8.GetString(Convert.FromBase64String(text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])), Is.EqualTo(html));
            Assert.That(text, Does.Contain("\r\nMessage-ID: <").And.Contain("\r\nDate: "));
        });
    }

    [Test]
    public async Task Identity_sends_its_links_by_it()
    {
        await using var host = await HostAsync();
        await host.GetRequiredService<IEmailSender<User>>().SendPasswordResetLinkAsync(new User(), "bob@example.org", "https://app.example/?a=1&amp;b=\"2\"");
        var (summary, text) = await ReadAsync(host);
        var html = Encoding.UTF8.GetString(Convert.FromBase64String(text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
        Assert.That(summary.Envelope.DecodedSubject, Is.EqualTo("Reset your password"));
        Assert.That(html, Does.Contain("<a href=\"https://app.example/?a=1&amp;b=&quot;2&quot;\">"));
    }

    [Test]
    public async Task What_the_server_does_not_take_is_told()
    {
        await using var host = await HostAsync();
        var sender = host.GetRequiredService<IEmailSender>();
        var refused = await Assert.ThrowsAsync<EmailNotSentException>(() => sender.SendEmailAsync("nobody@example.org", "x", "y"));
        Assert.That(refused!.Message, Does.Contain("550 5.1.1"));
        Assert.That(refused.IsTransient, Is.False);
        Assert.That(() => sender.SendEmailAsync("nobody", "x", "y"), Throws.TypeOf<FormatException>());
        Assert.That(() => new MailCoreEmailSender(host.GetRequiredService<MailCore.Delivery.IMailSubmission>(), Options.Create(new EmailSenderOptions())), Throws.TypeOf<FormatException>());
    }

    private static async Task<ServiceProvider> HostAsync(Action<EmailSenderOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddMailServer(static mail => mail.UseInMemoryStore().AddAccount("bob@example.org").ListenSmtp(0).On(System.Net.IPAddress.Loopback).UseCleartext());
        services.AddMailCoreEmailSender(options =>
        {
            options.From = "app@example.org";
            configure?.Invoke(options);
        });
        var host = services.BuildServiceProvider();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        return host;
    }

    private static async Task<(MailCore.Mime.MessageSummary Summary, string Text)> ReadAsync(ServiceProvider host)
    {
        var bob = await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("bob@example.org"));
        var inbox = await bob!.FindMailboxAsync(MailboxName.Inbox);
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
        {
            await using var content = await inbox.OpenContentAsync(row);
            using var stream = content!.AsStream();
            using var reader = new StreamReader(stream, Encoding.UTF8);
            Assert.That(MailCore.Mime.MessageSummary.TryDecode(row.Summary, out var summary));
            return (summary!, (await reader.ReadToEndAsync())[row.Prefix.Length..]);
        }

        throw new AssertionException("Nothing came.");
    }

    internal sealed class User;
}
