using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Smtp.Filters;
using MailCore.Storage;
using MailCore.Tests.Dns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

[CancelAfter(60_000)]
public class FilterHostingTests
{
    [Test]
    public async Task The_shortest_use_is_a_lambda()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.BindAddress = IPAddress.Loopback;
            mail.UseSelfSignedCertificate();
            mail.ListenSmtp(0).OnMessage(async (envelope, content, ct) => SmtpReply.Ok);
        });
        Assert.That((await SendAsync(server.Endpoints["smtp"]))[^1], Does.StartWith("250 2.0.0 OK queued as "));
    }

    [Test]
    public async Task Each_session_has_a_scope_of_its_own_that_ends_with_it()
    {
        var log = new Log();
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Services.AddSingleton(log);
            mail.Services.AddScoped<Visit>();
            mail.UseInMemoryStore().AddAccount("bob@example.org").AddSmtpFilter<ScopedFilter>();
            mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        await SendAsync(server.Endpoints["smtp"]);
        await SendAsync(server.Endpoints["smtp"]);
        Assert.That(log.Disposed.Wait(TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(log.Visits.Select(static visit => visit.Stages), Is.EqualTo(new[] { 3, 3 }));
        Assert.That(log.Visits.Distinct().Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task The_servers_filters_come_before_the_endpoints()
    {
        var log = new Log();
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Services.AddSingleton(log);
            mail.ListenSmtp(0, smtp => smtp
                .OnMessage(static (_, _, _) => ValueTask.FromResult(SmtpReply.Ok))
                .AddFilter(services => new NamedFilter("endpoint", services.GetRequiredService<Log>()))
                .AddFilter<ServiceFilter>()
                .AddFilter(new SmtpFilterRegistration(new NamedFilter("instance", log)))).On(IPAddress.Loopback).UseCleartext();
            mail.AddSmtpFilter<ServerFilter>();
        });
        await SendAsync(server.Endpoints["smtp"]);
        Assert.That(log.Names, Is.EqualTo(new[] { "server", "endpoint", "service", "instance" }));
    }

    [Test]
    public async Task A_signer_signs_what_comes_by_SMTP_and_what_the_host_sends()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("bob@example.org").AddMessageSigner<Signer>();
            mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        using var host = builder.Build();
        await host.StartAsync();
        await SendAsync(host.Services.GetRequiredService<MailServer>().Endpoints["smtp"]);
        var envelope = new Envelope(ReversePath.Null);
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("bob@example.org")));
        await host.Services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("Subject: hi\r\n\r\n"u8.ToArray()), default);
        var entry = (DirectoryEntry.Account)await host.Services.GetRequiredService<IMailDirectory>().ResolveAsync(EmailAddress.Parse("bob@example.org"), default);
        var account = await host.Services.GetRequiredService<MailAccounts>().OpenAsync(entry.Id);
        var inbox = await account!.FindMailboxAsync(MailboxName.Inbox, default);
        var found = 0;
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1), new Uid(2) }, MessageFields.All))
        {
            found++;
            Assert.That(Encoding.ASCII.GetString(row.Prefix.Span), Does.EndWith("\r\nX-Signature: yes\r\n"));
        }

        Assert.That(found, Is.EqualTo(2));
        await host.StopAsync();
    }

    [Test]
    public async Task Each_shipped_filter_is_on_when_its_method_is_called()
    {
        await using var dns = new FakeDnsServer(static question => question.Name == "1.0.0.127.list.example"
            ? new DnsMessageBuilder().A(question.Name, "127.0.0.2")
            : new DnsMessageBuilder { Flags = 0x8183 });
        var cases = new (string Reply, Action<SmtpEndpointBuilder> Configure)[]
        {
            ("554 5.7.1 Client [127.0.0.1] is listed by list.example", static smtp => smtp.UseDnsbl(static options =>
            {
                options.Exempt.Clear();
                options.Lists.Add(new DnsblList("list.example"));
            })),
            ("250 2.0.0", static smtp => smtp.UseDnsbl("list.example")),
            ("451 4.7.1 Greylisted", static smtp => smtp.UseGreylisting(static options => options.Exempt.Clear())),
            ("550 5.7.1 Refused by a rule", static smtp => smtp.UseAddressRules(static rules => rules.RejectRecipient("^bob@"))),
            ("450 4.7.1 You send too much", static smtp => smtp.UseRateLimit(static options =>
            {
                options.Exempt.Clear();
                options.MessagesPerAddress = new RateLimit(1, TimeSpan.FromDays(1));
            })),
            ("550 5.7.25 ", static smtp => smtp.UseClientNameChecks(static options => options.Exempt.Clear())),
            ("250 2.0.0", static smtp => smtp.UseEarlyTalkerDelay(static options => options.Delay = TimeSpan.FromDays(1))),
        };
        foreach (var (reply, configure) in cases)
        {
            await using var server = await MailServer.StartAsync(mail =>
            {
                mail.UseInMemoryStore().AddAccount("bob@example.org");
                mail.UseDns(options => options.Servers.Add(dns.EndPoint));
                mail.ListenSmtp(0, configure).On(IPAddress.Loopback).UseCleartext();
            });
            var replies = await SendAsync(server.Endpoints["smtp"]);
            replies = replies[^1].StartsWith("250", StringComparison.Ordinal) && reply.StartsWith("450", StringComparison.Ordinal) ? await SendAsync(server.Endpoints["smtp"]) : replies;
            Assert.That(replies.First(static text => text[0] is '4' or '5' || text.Contains("queued", StringComparison.Ordinal)), Does.StartWith(reply));
        }
    }

    private static async Task<List<string>> SendAsync(MailEndpoint endpoint)
    {
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)endpoint.EndPoint);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        await reader.ReadLineAsync();
        var replies = new List<string>();
        foreach (var line in new[] { "HELO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.org>", "DATA", "Subject: hi\r\n\r\nhello\r\n.", "QUIT" })
        {
            if (replies is [.., ['4' or '5', ..]])
            {
                return replies;
            }

            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
            replies.Add((await reader.ReadLineAsync())!);
        }

        Assert.That(await reader.ReadLineAsync(), Is.Null);
        replies.RemoveAt(replies.Count - 1);
        return replies;
    }

    private sealed class Log
    {
        public ConcurrentQueue<Visit> Visits { get; } = [];

        public ConcurrentQueue<string> Names { get; } = [];

        public CountdownEvent Disposed { get; } = new(2);
    }

    private sealed class Visit : IDisposable
    {
        private readonly Log _log;

        public Visit(Log log)
        {
            _log = log;
            log.Visits.Enqueue(this);
        }

        public int Stages { get; set; }

        public void Dispose() => _log.Disposed.Signal();
    }

    private sealed class ScopedFilter(Visit visit) : ISmtpFilter
    {
        public ValueTask<SmtpVerdict> OnConnectAsync(SmtpFilterContext context, CancellationToken cancellationToken) => Count(context);

        public ValueTask<SmtpVerdict> OnHelloAsync(SmtpFilterContext context, CancellationToken cancellationToken) => Count(context);

        public ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken) => Count(context);

        private ValueTask<SmtpVerdict> Count(SmtpFilterContext context)
        {
            visit.Stages += context.Services.GetRequiredService<Visit>() == visit ? 1 : 0;
            return default;
        }
    }

    private class NamedFilter(string name, Log log) : ISmtpFilter
    {
        public ValueTask<SmtpVerdict> OnConnectAsync(SmtpFilterContext context, CancellationToken cancellationToken)
        {
            log.Names.Enqueue(name);
            return default;
        }
    }

    private sealed class ServerFilter(Log log) : NamedFilter("server", log);

    private sealed class ServiceFilter(Log log) : NamedFilter("service", log);

    private sealed class Signer : IMessageSigner
    {
        public ValueTask<ReadOnlyMemory<byte>> SignAsync(MailTransaction transaction, Stream message, CancellationToken cancellationToken) =>
            ValueTask.FromResult<ReadOnlyMemory<byte>>("X-Signature: yes\r\n"u8.ToArray());
    }
}
