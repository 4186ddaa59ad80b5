using MailCore.Authentication;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapAuthorizationTests
{
    private const MailboxRights ReadOnly = MailboxRights.Lookup | MailboxRights.Read;

    [Test]
    public async Task An_owner_may_do_everything_and_another_nothing()
    {
        var owner = new OwnerAuthorization();
        var bob = new MailIdentity("bob", new AccountId("bob"));
        Assert.That(await owner.GetRightsAsync(bob, new AccountId("bob"), "INBOX", [], default), Is.EqualTo(MailboxRights.All));
        Assert.That(await owner.GetRightsAsync(bob, new AccountId("amy"), "INBOX", [], default), Is.EqualTo(MailboxRights.Post));
    }

    [Test]
    public async Task A_mailbox_that_may_not_be_looked_up_is_missing()
    {
        await using var server = await StartAsync(MailboxRights.All & ~MailboxRights.Lookup);
        await using var client = await LogInAsync(server);
        Assert.That((await client.OkAsync("LIST \"\" *")).SkipLast(1), Is.EqualTo(new[] { "* LIST (\\HasNoChildren) \"/\" INBOX" }));
        Assert.That(await client.OkAsync("LIST \"\" * RETURN (STATUS (MESSAGES))"), Has.None.Contains("Work"));
        foreach (var command in new[] { "SELECT Work", "EXAMINE Work", "STATUS Work (MESSAGES)", "DELETE Work", "RENAME Work Other" })
        {
            Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [NONEXISTENT] "), command);
        }

        Assert.That((await client.RunAsync("APPEND Work {1}"))[^1], Does.Contain(" NO [TRYCREATE] "));
    }

    [TestCase("STATUS Work (MESSAGES)", MailboxRights.Read)]
    [TestCase("SELECT Work", MailboxRights.Read)]
    [TestCase("EXAMINE Work", MailboxRights.Read)]
    [TestCase("APPEND Work {1}", MailboxRights.Insert)]
    [TestCase("CREATE Work/New", MailboxRights.Create)]
    [TestCase("DELETE Work", MailboxRights.DeleteMailbox)]
    [TestCase("RENAME Work Other", MailboxRights.DeleteMailbox)]
    [TestCase("RENAME Free Work/New", MailboxRights.Create)]
    public async Task A_command_needs_its_right(string command, MailboxRights right)
    {
        await using var server = await StartAsync(MailboxRights.All & ~right);
        await server.MailboxAsync("Free");
        await using var client = await LogInAsync(server);
        Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [NOPERM] This is not permitted"));
        Assert.That((await server.Accounts.OpenAsync(new AccountId("bob")) is { } account ? await account.SnapshotAsync() : null)!.Mailboxes.Select(static info => info.Name), Is.EqualTo(new[] { "Free", "INBOX", "Work" }));
    }

    [TestCase("STORE 1 +FLAGS (\\Seen)", MailboxRights.Seen)]
    [TestCase("STORE 1 -FLAGS (\\Deleted)", MailboxRights.DeleteMessages)]
    [TestCase("STORE 1 +FLAGS (\\Flagged)", MailboxRights.Write)]
    [TestCase("STORE 1 +FLAGS (Word)", MailboxRights.Write)]
    [TestCase("STORE 1 FLAGS ()", MailboxRights.Seen)]
    [TestCase("STORE 1 FLAGS ()", MailboxRights.DeleteMessages)]
    [TestCase("EXPUNGE", MailboxRights.Expunge)]
    [TestCase("UID EXPUNGE 1", MailboxRights.Expunge)]
    [TestCase("MOVE 1 INBOX", MailboxRights.DeleteMessages)]
    [TestCase("MOVE 1 INBOX", MailboxRights.Expunge)]
    [TestCase("COPY 1 Work", MailboxRights.Insert)]
    [TestCase("REPLACE 1 INBOX {1}", MailboxRights.DeleteMessages)]
    public async Task A_command_in_the_selected_mailbox_needs_its_right(string command, MailboxRights right)
    {
        await using var server = await StartAsync(MailboxRights.All & ~right);
        await using var client = await LogInAsync(server);
        Assert.That((await client.OkAsync("SELECT Work"))[^1], Does.Contain("[READ-WRITE]"));
        Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [NOPERM] This is not permitted"));
        Assert.That((await client.OkAsync("FETCH 1 FLAGS"))[0], Is.EqualTo("* 1 FETCH (FLAGS (\\Deleted \\Recent))"));
    }

    [Test]
    public async Task Reading_does_not_set_Seen_and_CLOSE_removes_nothing_without_the_rights()
    {
        await using var server = await StartAsync(MailboxRights.All & ~(MailboxRights.Seen | MailboxRights.Expunge));
        await using var client = await LogInAsync(server);
        await client.OkAsync("SELECT Work");
        Assert.That((await client.OkAsync("FETCH 1 (FLAGS BODY[])"))[0], Does.Not.Contain("Seen"));
        await client.OkAsync("CLOSE");
        Assert.That((await client.OkAsync("STATUS Work (MESSAGES)"))[0], Is.EqualTo("* STATUS Work (MESSAGES 1)"));
    }

    [Test]
    public async Task APPEND_leaves_out_the_flags_that_may_not_be_set()
    {
        await using var server = await StartAsync(MailboxRights.All & ~(MailboxRights.Seen | MailboxRights.Write));
        await using var client = await LogInAsync(server);
        await client.OkAsync("APPEND Work (\\Seen \\Flagged \\Deleted Word) {3+}\r\nnew");
        await client.OkAsync("SELECT Work");
        Assert.That((await client.OkAsync("FETCH 2 FLAGS"))[0], Is.EqualTo("* 2 FETCH (FLAGS (\\Deleted \\Recent))"));
    }

    [Test]
    public async Task Who_may_alter_nothing_has_it_read_only()
    {
        await using var server = await StartAsync(ReadOnly);
        await using var client = await LogInAsync(server);
        var selected = await client.OkAsync("SELECT Work");
        Assert.That(selected[^1], Does.Contain(" OK [READ-ONLY] "));
        Assert.That(selected, Has.Some.StartsWith("* OK [PERMANENTFLAGS ()]"));
        Assert.That((await client.RunAsync("STORE 1 +FLAGS (\\Seen)"))[^1], Does.Contain(" NO [READ-ONLY] "));
    }

    // INBOX is bob's as always; of Work he has these rights alone.
    private static async Task<ImapTestServer> StartAsync(MailboxRights rights)
    {
        var server = new ImapTestServer { Authorization = new Rules(rights) };
        await server.AddUserAsync();
        await server.AppendAsync("one\r\n"u8.ToArray(), new AppendOptions { Flags = SystemFlags.Deleted }, await server.MailboxAsync("Work"));
        return server;
    }

    private static async Task<ImapTestClient> LogInAsync(ImapTestServer server)
    {
        var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        return client;
    }

    private sealed class Rules(MailboxRights rights) : IMailboxAuthorization
    {
        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) =>
            ValueTask.FromResult(mailbox.StartsWith("Work", StringComparison.Ordinal) ? rights : MailboxRights.All);
    }
}
