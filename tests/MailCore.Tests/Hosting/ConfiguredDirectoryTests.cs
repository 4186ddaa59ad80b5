using System.Net;
using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

/// <summary>Addresses as a configuration file describes them, and what a host gets from the container.</summary>
[CancelAfter(30_000)]
internal sealed class ConfiguredDirectoryTests
{
    private static readonly (string, string)[] Keys =
    [
        ("Listeners:0:Role", "Smtp"), ("Listeners:0:Port", "0"), ("Listeners:0:Address", "localhost"), ("Listeners:0:Tls", "None"),
        ("Accounts:0:Address", "bob@example.org"), ("Accounts:0:SendAs:0", "@sent.example"),
        ("Accounts:1:Address", "alice@example.org"),
        ("Aliases:0:Address", "sales@example.org"), ("Aliases:0:Targets:0", "bob@example.org"), ("Aliases:0:Targets:1", "alice@example.org"),
        ("Aliases:1:Address", "@example.org"), ("Aliases:1:Targets:0", "alice@example.org"),
        ("Aliases:2:Address", @"/^info-.*@example\.org$/"), ("Aliases:2:Targets:0", "bob@example.org"),
        ("Aliases:3:Address", "Alice@example.org"), ("Aliases:3:Targets:0", "alice@EXAMPLE.org"), ("Aliases:3:Targets:1", "bob@example.org"),
        ("RelayDomains:0:Name", "inside.example"), ("RelayDomains:0:Via", "[127.0.0.1]:2525"),
        ("Routing:SubaddressDelimiters", "+-"), ("Routing:SubaddressMailboxes", "true"), ("Routing:Postmaster", "alice@example.org"),
        ("Routing:OverQuotaIsPermanent", "true"), ("Routing:VerifiesRelayRecipients", "false"),
    ];

    [TestCase("bob@example.org", "bob@example.org")]
    [TestCase("bob-Lists@example.org", "bob@example.org/Lists")]
    [TestCase("sales@example.org", "bob@example.org alice@example.org")]
    [TestCase("info-x@example.org", "bob@example.org")]
    [TestCase("anybody@example.org", "alice@example.org bob@example.org")]
    [TestCase("alice@example.org", "alice@example.org bob@example.org")]
    [TestCase("alice+Lists@example.org", "alice@example.org/Lists bob@example.org")]
    [TestCase("postmaster@example.org", "alice@example.org bob@example.org")]
    [TestCase("x@inside.example", "Relay { Address = x@inside.example, Via = [127.0.0.1]:2525 }")]
    [TestCase("x@elsewhere.example", "550 5.7.1")]
    public async Task A_configuration_says_where_addresses_lead(string address, string expected)
    {
        await using var host = Host();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        var route = await host.GetRequiredService<IMessageRouter>().RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default);
        Assert.That(Describe(route), Does.StartWith(expected));
    }

    [Test]
    public async Task A_configuration_says_who_may_send_as_whom()
    {
        await using var host = Host();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        var directory = host.GetRequiredService<IMailDirectory>();
        foreach (var (address, bob, alice) in new[]
        {
            ("bob@example.org", true, false), ("bob-tag@example.org", true, false), ("alice+tag@example.org", false, true), ("sales@example.org", true, true),
            ("x@sent.example", true, false), ("info-x@example.org", true, false), ("anybody@example.org", false, true), ("x@elsewhere.example", false, false),
        })
        {
            Assert.That(await directory.OwnsAsync(new AccountId("bob@example.org"), EmailAddress.Parse(address), default), Is.EqualTo(bob), $"bob as {address}");
            Assert.That(await directory.OwnsAsync(new AccountId("alice@example.org"), EmailAddress.Parse(address), default), Is.EqualTo(alice), $"alice as {address}");
        }
    }

    [Test]
    public async Task A_subaddress_of_one_user_is_no_way_to_send_as_another()
    {
        var directory = new MailCore.Storage.InMemory.InMemoryMailDirectory();
        var bob = await directory.CreateAsync(EmailAddress.Parse("bob@example.org"), null, default);
        await directory.CreateAsync(EmailAddress.Parse("bob+boss@example.org"), null, default);
        var configured = new ConfiguredDirectory(directory, new ConfiguredAddresses(), "+");
        Assert.That(await configured.OwnsAsync(bob, EmailAddress.Parse("bob+x@example.org"), default));
        Assert.That(await configured.OwnsAsync(bob, EmailAddress.Parse("bob+boss@example.org"), default), Is.False);
        Assert.That(await configured.OwnsAsync(bob, EmailAddress.Parse("+bob@example.org"), default), Is.False);
    }

    [Test]
    public async Task Quotes_in_an_address_do_not_matter_to_who_may_send_as_whom()
    {
        var directory = new MailCore.Storage.InMemory.InMemoryMailDirectory();
        var odd = await directory.CreateAsync(EmailAddress.Parse("\"a b\"@example.org"), null, default);
        var configured = new ConfiguredDirectory(
            directory, new ConfiguredAddresses { Senders = { (EmailAddress.Parse("\"a b\"@example.org"), "\"plain\"@sent.example"), (EmailAddress.Parse("\"a b\"@example.org"), "@dot.example.") } });
        Assert.That(await configured.OwnsAsync(odd, EmailAddress.Parse("Plain@sent.example"), default));
        Assert.That(await configured.OwnsAsync(odd, EmailAddress.Parse("x@dot.example"), default));
        Assert.That(await configured.OwnsAsync(odd, EmailAddress.Parse("x@sent.example"), default), Is.False);
    }

    [TestCase("Aliases:0:Address", "/(/", "is not an expression that can be used")]
    [TestCase("SharedAccount", "office", "SharedAccount: 'office' is not an address")]
    [TestCase("Aliases:0:Targets:0", "nobody", "'nobody', a target of 'sales@example.org', is not an address")]
    [TestCase("RelayDomains:0:Via", "host:port", "'host:port', where mail for inside.example goes, is not a next hop")]
    [TestCase("RelayDomains:0:Name", "no domain", "'no domain' is not a mail domain")]
    [TestCase("Routing:Postmaster", "nobody", "Routing:Postmaster 'nobody' is not an e-mail address")]
    [TestCase("Accounts:0:SendAs:0", "nobody", "'nobody', which bob@example.org may send as")]
    public void Mistakes_are_told_at_the_start(string key, string value, string problem)
    {
        using var host = Host((key, value));
        Assert.That(() => host.GetRequiredService<MailServer>(), Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem));
    }

    [TestCase("Routing:SubadressDelimiters", "Did you mean 'SubaddressDelimiters'?")]
    [TestCase("RelayDomains:0:Vai", "Did you mean 'Via'?")]
    public void Misspelt_keys_are_told(string key, string problem) =>
        Assert.That(() => Settings((key, "x")), Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem));

    [Test]
    public async Task A_host_sends_by_the_same_rules_reads_what_came_and_asks_what_became_of_it()
    {
        await using var host = Host();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("app@example.org")));
        envelope.Recipients.AddRange(new[] { "sales@example.org", "nobody@elsewhere.example" }.Select(static to => new Recipient(EmailAddress.Parse(to))));

        var result = await host.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream(Encoding.ASCII.GetBytes("Message-ID: <1@app>\r\nSubject: hi\r\n\r\nx\r\n")), default);

        Assert.That(result.Replies.Select(static reply => reply.Code), Is.EqualTo(new[] { 250, 550 }));
        var account = await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("bob@example.org"));
        Assert.That((await account!.SnapshotAsync()).Messages, Is.EqualTo(1));
        var steps = await host.GetRequiredService<IMessageTrace>().FindAsync("1@app", default);
        Assert.That(steps.Select(static step => $"{step.Kind} {step.Recipient}".TrimEnd()), Is.EqualTo(new[]
        {
            "Received", "Routed sales@example.org", "Routed sales@example.org", "Delivered sales@example.org", "Delivered sales@example.org",
        }));
        Assert.That(steps.Select(static step => step.QueueId).Distinct(), Is.EqualTo(new[] { result.QueueId }));
    }

    [Test]
    public async Task A_stage_from_the_container_may_send_mail_itself_and_a_signer_signs_what_it_sends()
    {
        var services = new ServiceCollection();
        services.AddMailServer(static mail =>
        {
            mail.UseInMemoryStore().Apply(Settings());
            mail.Services.AddSingleton<IDeliveryStage, Vacation>();
            mail.Services.AddSingleton<IMessageSigner, Signer>();
        });
        await using var host = services.BuildServiceProvider();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.org"))) { Recipients = { new Recipient(EmailAddress.Parse("bob@example.org")) } };
        await host.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("Subject: hi\r\n\r\nx\r\n"u8.ToArray()), default);

        var alice = await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("alice@example.org"));
        var inbox = await alice!.FindMailboxAsync(MailboxName.Inbox);
        var found = new List<string>();
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
        {
            found.Add(Encoding.UTF8.GetString(row.Prefix.Span));
        }

        Assert.That(found.Single(), Does.StartWith("Return-Path: <>\r\n").And.Contain("X-Signed: <>\r\n"));
    }

    [Test]
    public async Task A_full_mailbox_is_refused_at_rcpt_by_the_configured_reply()
    {
        await using var host = Host();
        var server = host.GetRequiredService<MailServer>();
        await server.StartAsync(default);
        var bob = await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("bob@example.org"));
        await bob!.SetQuotaAsync(0);
        var route = await host.GetRequiredService<IMessageRouter>().RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("bob@example.org")), default);
        Assert.That(Describe(route), Is.EqualTo("552 5.2.2 Mailbox full"));
    }

    private static ServiceProvider Host(params (string, string)[] more)
    {
        var services = new ServiceCollection();
        services.AddMailServer(mail => mail.UseInMemoryStore().Apply(Settings(more)));
        return services.BuildServiceProvider();
    }

    private static MailServerSettings Settings(params (string, string)[] more)
    {
        var values = Keys.ToDictionary(static key => $"Mail:{key.Item1}", static key => (string?)key.Item2);
        foreach (var (key, value) in more)
        {
            values[$"Mail:{key}"] = value;
        }

        return MailServerSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("Mail"));
    }

    private static MailTransaction Stranger() => new(
        "Q",
        new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org", RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1) },
        new Envelope(ReversePath.Null),
        DateTimeOffset.UnixEpoch);

    private static string Describe(RecipientRoute route) => route switch
    {
        RecipientRoute.Local local => local.Mailbox is null ? local.Account.Value : $"{local.Account}/{local.Mailbox}",
        RecipientRoute.Expand expand => string.Join(' ', expand.Targets.Select(Describe)),
        RecipientRoute.Refuse refuse => refuse.Reply.ToString(),
        _ => route.ToString(),
    };

    private sealed class Vacation(IMailSubmission submission) : IDeliveryStage
    {
        public async ValueTask<DeliveryPlan> PlanAsync(LocalMessage message, DeliveryPlan plan, CancellationToken cancellationToken)
        {
            // RFC 5230 4.5: never an answer to the null path.
            if (message.Transaction.Envelope.From.Address is { } sender)
            {
                var answer = new Envelope(ReversePath.Null) { Recipients = { new Recipient(sender) } };
                await submission.SubmitAsync(answer, new MemoryStream("Subject: away\r\n\r\n"u8.ToArray()), cancellationToken);
            }

            return plan;
        }
    }

    private sealed class Signer : IMessageSigner
    {
        public ValueTask<ReadOnlyMemory<byte>> SignAsync(MailTransaction transaction, Stream message, CancellationToken cancellationToken) =>
            ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.ASCII.GetBytes($"X-Signed: <{transaction.Envelope.From}>\r\n"));
    }
}
