using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Tests.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

/// <summary>The stage between accepting a message and storing it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DeliveryStageTests
{
    [Test]
    public async Task A_stage_files_a_message_with_flags_into_several_mailboxes_made_for_it()
    {
        await using var server = await ServerAsync(static (_, _) => new DeliveryPlan
        {
            Placements =
            [
                new MailPlacement("Lists") { CreatesMailbox = true, Flags = SystemFlags.Seen, Keywords = ["$Label1"] },
                new MailPlacement("INBOX"),
                new MailPlacement("inbox"),
                new MailPlacement("Nowhere"),
            ],
        });
        Assert.That(await SendAsync(server, "bob@example.org"), Is.EqualTo(250));
        var account = await server.Accounts.OpenAsync(new AccountId("bob@example.org"));
        var snapshot = await account!.SnapshotAsync();
        var lists = snapshot.Mailboxes.Single(static mailbox => mailbox.Name == "Lists");
        Assert.Multiple(async () =>
        {
            Assert.That(await server.MessagesAsync("bob@example.org", "Lists"), Has.Count.EqualTo(1));
            Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
            Assert.That(lists.Unseen, Is.Zero);
            Assert.That(lists.Keywords, Is.EqualTo(new[] { "$Label1" }));
            Assert.That(snapshot.Subscriptions, Does.Contain("Lists"));
        });
    }

    [Test]
    public async Task A_stage_sees_what_will_be_stored_and_who_it_is_for()
    {
        var seen = "";
        await using var server = await ServerAsync((message, plan) =>
        {
            using var reader = new StreamReader(message.OpenAsync(default).AsTask().GetAwaiter().GetResult());
            seen = $"{message.Account} {message.Recipient} {Encoding.ASCII.GetString(message.Summary!.Envelope.Subject!.Value.Span)} {plan.Placements.Single().Mailbox}\n{reader.ReadToEnd()}";
            return plan;
        });
        await SendAsync(server, "bob+tag@example.org");
        var (prefix, content) = (await server.MessagesAsync()).Single();
        Assert.That(seen, Is.EqualTo($"bob@example.org bob+tag@example.org hi INBOX\n{prefix}{content}"));
    }

    [Test]
    public async Task A_stage_may_throw_a_message_away_or_refuse_it()
    {
        await using var server = await ServerAsync(static (message, plan) => message.Account.Value[0] == 'b'
            ? new DeliveryPlan()
            : plan with { Refusal = new SmtpReply(550, "5.7.1", "Not wanted") });
        Assert.That(await SendAsync(server, "bob@example.org"), Is.EqualTo(250));
        Assert.That(await SendAsync(server, "alice@example.org"), Is.EqualTo(550));
        Assert.That(await server.MessagesAsync(), Is.Empty);
        Assert.That(await server.MessagesAsync("alice@example.org"), Is.Empty);
    }

    [Test]
    public async Task A_stage_that_fails_keeps_no_mail_from_its_owner()
    {
        await using var server = await ServerAsync(static (_, _) => throw new InvalidOperationException("a rule's mistake"));
        Assert.That(await SendAsync(server, "bob@example.org"), Is.EqualTo(250));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_refusal_that_is_none_is_a_failure_of_the_stage()
    {
        await using var server = await ServerAsync(static (_, plan) => plan with { Refusal = SmtpReply.Ok });
        Assert.That(await SendAsync(server, "bob@example.org"), Is.EqualTo(250));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task An_account_is_asked_once_for_each_place_that_recipients_lead_to()
    {
        var asked = 0;
        await using var server = await ServerAsync((_, plan) =>
        {
            asked++;
            return plan;
        });
        await SendAsync(server, "bob@example.org", "all@example.org", "bob+x@example.org");
        Assert.That(asked, Is.EqualTo(2));
    }

    private static async Task<SmtpTestServer> ServerAsync(Func<LocalMessage, DeliveryPlan, DeliveryPlan> stage)
    {
        var server = new SmtpTestServer();
        server.Delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance) { Stages = [new Stage(stage)] };
        return await server.PopulateAsync();
    }

    private static async Task<int> SendAsync(SmtpTestServer server, params string[] recipients)
    {
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
        foreach (var recipient in recipients)
        {
            await client.SayAsync(250, $"RCPT TO:<{recipient}>");
        }

        await client.SayAsync(354, "DATA");
        await client.SendAsync("Subject: hi\r\n\r\nx\r\n.\r\n");
        return int.Parse((await client.ReadReplyAsync())![..3], System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed class Stage(Func<LocalMessage, DeliveryPlan, DeliveryPlan> plan) : IDeliveryStage
    {
        public ValueTask<DeliveryPlan> PlanAsync(LocalMessage message, DeliveryPlan before, CancellationToken cancellationToken) => ValueTask.FromResult(plan(message, before));
    }
}
