using System.Globalization;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Smtp;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

/// <summary>Deliveries that meet at a quota: as many pass as there is room for, over every protocol and store.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class QuotaDeliveryTests
{
    private const int Clients = 8;
    private const int Rounds = 5;

    [Test]
    public async Task Two_deliveries_at_once_never_pass_a_quota_together([Values] bool isLmtp, [Values] bool isSqlite, [Values] bool ofMessages)
    {
        using var folder = new SqliteTestFolder();
        await using var sqlite = isSqlite ? SqliteMailStore.Open(folder.Path) : null;
        await using var server = new SmtpTestServer(isLmtp ? SmtpDialect.Lmtp : SmtpDialect.Transfer) { Store = sqlite ?? (IMailStore)new InMemoryMailStore(TimeProvider.System) };
        await server.PopulateAsync();
        var account = (await server.Accounts.OpenAsync(new AccountId("bob@example.org")))!;
        var clients = new SmtpTestClient[Clients];
        for (var i = 0; i < Clients; i++)
        {
            clients[i] = await server.GreetAsync();
        }

        // What one message takes, with its trace headers.
        await DeliverAsync(clients[0]);
        var size = (await account.SnapshotAsync()).QuotaUsed;
        for (var round = 1; round <= Rounds; round++)
        {
            var before = await account.SnapshotAsync();
            // Room for three and not for four, whatever the date in the trace headers is.
            await account.SetQuotaAsync(ofMessages ? null : before.QuotaUsed + (size * 7 / 2), ofMessages ? before.Messages + 3 : null);
            var replies = await Task.WhenAll(clients.Select(DeliverAsync));
            Assert.That(replies.Count(static reply => reply.StartsWith("250", StringComparison.Ordinal)), Is.EqualTo(3), string.Join('\n', replies));
            Assert.That(replies.Count(static reply => reply.StartsWith("452 4.2.2", StringComparison.Ordinal)), Is.EqualTo(Clients - 3));
            var after = await account.SnapshotAsync();
            Assert.That(after.Messages, Is.EqualTo(before.Messages + 3));
            Assert.That(after.QuotaUsed, Is.LessThanOrEqualTo(after.QuotaLimit ?? long.MaxValue));
        }

        foreach (var client in clients)
        {
            // The session ends by itself, so that nothing of it is still on its way.
            await client.SayAsync(221, "QUIT");
            await client.Session;
            await client.DisposeAsync();
        }
    }

    [Test]
    public async Task Lmtp_answers_for_each_recipient_whether_its_quota_has_room()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp).PopulateAsync();
        await (await server.Accounts.OpenAsync(new AccountId("bob@example.org")))!.SetQuotaAsync(10);
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<eve@example.net>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("Subject: x\r\n\r\nx\r\n.\r\n");
        Assert.That(await client.ExpectAsync(452), Does.StartWith("452 4.2.2"));
        await client.ExpectAsync(250);
        Assert.That(await server.MessagesAsync(), Is.Empty);
        Assert.That(await server.MessagesAsync("alice@example.org"), Has.Count.EqualTo(1));
    }

    private static async Task<string> DeliverAsync(SmtpTestClient client)
    {
        await client.SayAsync(250, "MAIL FROM:<eve@example.net>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"Subject: x\r\n\r\n{new string('x', 1_000)}\r\n.\r\n"));
        return (await client.ReadReplyAsync())!;
    }
}
