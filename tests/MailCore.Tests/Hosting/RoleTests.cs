using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

[CancelAfter(30_000)]
public class RoleTests
{
    [Test]
    public async Task A_handler_gets_envelope_and_octets_and_needs_no_store()
    {
        var received = new TaskCompletionSource<(string From, string To, string Message)>();
        await using var server = await MailServer.StartAsync(mail => mail
            .ListenSmtp(0, smtp => smtp.OnMessage(async (envelope, message, cancellationToken) =>
            {
                using var text = new MemoryStream();
                await message.CopyToAsync(text, cancellationToken);
                received.SetResult((envelope.From.ToString(), envelope.Recipients[0].ToString(), Encoding.ASCII.GetString(text.ToArray())));
                return SmtpReply.Ok;
            }))
            .On(IPAddress.Loopback)
            .UseCleartext());

        var replies = await SendAsync(server.Endpoints["smtp"], "a@example.net", "anyone@example.com");

        var (from, to, message) = await received.Task;
        Assert.That(replies[^1], Does.StartWith("250 2.0.0"));
        Assert.That((from, to), Is.EqualTo(("a@example.net", "anyone@example.com")));
        Assert.That(message, Does.EndWith("Subject: hi\r\n\r\nhello\r\n"));
    }

    [Test]
    public async Task A_handler_that_throws_is_451_and_its_words_stay_inside()
    {
        await using var server = await MailServer.StartAsync(mail => mail
            .ListenSmtp(0, smtp => smtp.OnMessage((_, _, _) => throw new InvalidOperationException("inside")))
            .On(IPAddress.Loopback)
            .UseCleartext());

        var replies = await SendAsync(server.Endpoints["smtp"], "a@example.net", "anyone@example.com");

        Assert.That(replies[^1], Does.StartWith("451 4.3.0").And.Not.Contain("inside"));
    }

    [Test]
    public async Task A_stranger_reaches_accounts_and_aliases_and_nobody_else()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().AddAccount("bob@example.org").AddAlias("sales@example.org", "bob@example.org");
            mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        var smtp = server.Endpoints["smtp"];

        Assert.That((await SendAsync(smtp, "a@example.net", "bob@example.org"))[^1], Does.StartWith("250 2.0.0"));
        Assert.That((await SendAsync(smtp, "a@example.net", "sales@EXAMPLE.org"))[^1], Does.StartWith("250 2.0.0"));
        Assert.That((await SendAsync(smtp, "a@example.net", "nobody@example.org"))[2], Does.StartWith("550 5.1.1"));
        Assert.That((await SendAsync(smtp, "a@example.net", "bob@example.com"))[2], Does.StartWith("550 5.7.1"));
        Assert.That((await SendAsync(smtp, "bob@example.org", "bob@example.com"))[2], Does.StartWith("550 5.7.1"), "a sender's address is no proof");
    }

    [Test]
    public async Task A_host_sends_and_reads_in_process()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("bob@example.org");
            mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        using var host = builder.Build();
        await host.StartAsync();
        var envelope = new Envelope(ReversePath.Null);
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("bob@example.org")));

        var result = await host.Services.GetRequiredService<IMailSubmission>()
            .SubmitAsync(envelope, new MemoryStream("Subject: hi\r\n\r\nhello\r\n"u8.ToArray()), default);

        Assert.That(result.Replies, Has.Exactly(1).Items.And.All.Property(nameof(SmtpReply.Code)).EqualTo(250));
        var entry = (DirectoryEntry.Account)await host.Services.GetRequiredService<IMailDirectory>().ResolveAsync(EmailAddress.Parse("bob@example.org"), default);
        var account = await host.Services.GetRequiredService<MailAccounts>().OpenAsync(entry.Id);
        var inbox = await account!.FindMailboxAsync(MailboxName.Inbox, default);
        Assert.That((await inbox!.GetInfoAsync())!.Messages, Is.EqualTo(1));
        await host.StopAsync();
    }

    private static async Task<List<string>> SendAsync(MailEndpoint endpoint, string from, string to)
    {
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)endpoint.EndPoint);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        await reader.ReadLineAsync();
        var replies = new List<string>();
        foreach (var line in new[] { "HELO client.example", $"MAIL FROM:<{from}>", $"RCPT TO:<{to}>", "DATA", "Subject: hi\r\n\r\nhello\r\n." })
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
            replies.Add((await reader.ReadLineAsync())!);
            if (replies[^1][0] is '4' or '5')
            {
                break;
            }
        }

        return replies;
    }
}
