using MailCore.Authentication;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

/// <summary>Rights by rules of the host's own; the table of them all is in MailboxPermissionTableTests.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3AuthorizationTests
{
    [Test]
    public async Task What_is_marked_stays_when_the_right_is_gone_at_QUIT()
    {
        var rules = new Changing();
        await using var server = new Pop3TestServer { Authorization = rules };
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "one\r\n"u8.ToArray());
        await using var client = await server.LogInAsync("bob", "secret");
        Assert.That(await client.AskAsync("DELE 1"), Does.StartWith("+OK"));
        rules.Rights = MailboxRights.All & ~MailboxRights.Expunge;
        Assert.That(await client.AskAsync("QUIT"), Is.EqualTo("-ERR [SYS/PERM] The deleted messages may not be removed"));
        Assert.That((await (await server.InboxAsync("bob")).GetInfoAsync())!.Messages, Is.EqualTo(1));
        rules.Rights = MailboxRights.All;
        await using var again = await server.LogInAsync("bob", "secret");
        await again.AskAsync("DELE 1");
        Assert.That(await again.AskAsync("QUIT"), Does.StartWith("+OK"));
        Assert.That((await (await server.InboxAsync("bob")).GetInfoAsync())!.Messages, Is.Zero);
    }

    private sealed class Changing : IMailboxAuthorization
    {
        public MailboxRights Rights { get; set; } = MailboxRights.All;

        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) => ValueTask.FromResult(Rights);
    }
}
