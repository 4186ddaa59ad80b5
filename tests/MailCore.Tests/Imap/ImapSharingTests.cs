using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Imap;
using MailCore.Imap.Extensions;
using MailCore.Storage;
using MailCore.Tests.Authentication;
using MailCore.Tests.Storage.WrongStores;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>What others see of a user's mailboxes, and what they do not.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSharingTests
{
    private static readonly string[] Commands =
    [
        "SELECT {0}", "EXAMINE {0}", "STATUS {0} (MESSAGES)", "APPEND {0} {{3+}}\r\nabc", "COPY 1 {0}", "MOVE 1 {0}", "REPLACE 1 {0} {{3+}}\r\nabc",
        "LIST \"\" {0}", "LIST (SUBSCRIBED) \"\" {0}", "LIST \"\" {0} RETURN (STATUS (MESSAGES) MYRIGHTS)", "LSUB \"\" {0}", "SUBSCRIBE {0}", "UNSUBSCRIBE {0}",
        "CREATE {0}", "CREATE {1}/New\"", "DELETE {0}", "RENAME {0} {1}2\"", "RENAME \"Other Users/bob/Box/Free\" {0}", "RENAME \"Other Users/bob/Box/Free\" {1}/New\"",
        "GETACL {0}", "SETACL {0} amy lr", "DELETEACL {0} amy", "LISTRIGHTS {0} amy", "MYRIGHTS {0}",
        "GETMETADATA {0} /shared/comment", "SETMETADATA {0} (/shared/comment \"x\")", "GETQUOTAROOT {0}",
        "NOTIFY SET STATUS (MAILBOXES {0} (MessageNew MessageExpunge))", "NOTIFY SET (SUBTREE {0} (MailboxName SubscriptionChange))",
        "APPEND INBOX CATENATE (URL \"/Other%20Users/bob/{2}/;UID=1\")", "ESEARCH IN (MAILBOXES {0}) ALL", "ESEARCH IN (SUBTREE {0}) ALL",
    ];

    [Test]
    public async Task A_hidden_mailbox_is_answered_as_a_missing_one([ValueSource(nameof(Commands))] string command)
    {
        // All rights but l; no entry at all; denied.
        foreach (var rights in new[] { "rswikxtepa", "", "-" })
        {
            var hidden = await AskAsync(command, "Hidden", rights);
            var missing = await AskAsync(command, "Absent", rights);
            Assert.That(hidden, Is.EqualTo(missing), $"{command} with '{rights}'");
        }
    }

    [Test]
    public async Task Below_a_mailbox_where_one_may_make_others_a_hidden_one_is_not_told_of()
    {
        await using var server = await StartAsync();
        await server.MailboxAsync("Box/Secret");
        await using var amy = await LogInAsync(server, "amy");
        Assert.That((await amy.RunAsync("CREATE \"Other Users/bob/Box/Secret\""))[^1], Does.Contain(" NO [NOPERM] "));
        Assert.That((await amy.RunAsync("RENAME \"Other Users/bob/Box/Free\" \"Other Users/bob/Box/Secret\""))[^1], Does.Contain(" NO [NOPERM] "));
        Assert.That((await amy.RunAsync("CREATE \"Other Users/bob/Box/Free\""))[^1], Does.Contain(" NO [ALREADYEXISTS] "));
        Assert.That((await amy.OkAsync("LIST \"\" \"Other Users/bob/Box/%\"")).SkipLast(1), Is.EqualTo(new[] { "* LIST (\\HasNoChildren) \"/\" \"Other Users/bob/Box/Free\"" }));
    }

    [Test]
    public async Task An_owner_is_told_that_a_name_below_the_new_one_is_taken()
    {
        await using var server = await StartAsync();
        await server.MailboxAsync("New/Free");
        await using var bob = await LogInAsync(server, "bob");
        Assert.That((await bob.RunAsync("RENAME Box New"))[^1], Does.Contain(" NO [ALREADYEXISTS] "));
    }

    [Test]
    public async Task No_account_is_made_by_naming_it()
    {
        await using var server = await StartAsync();
        await using var amy = await LogInAsync(server, "amy");
        foreach (var command in Commands)
        {
            await amy.RunAsync(Fill(command, "\"Other Users/nobody/INBOX\""));
        }

        Assert.That(
            (await server.Store.CommitAsync([new ChangeBatch(new AccountId("nobody"), [new Subscribe("x", On: true)])], default))[0].Error,
            Is.EqualTo(CommitError.NoAccount));
    }

    [Test]
    public async Task Flags_are_everybodys_and_subscriptions_the_subscribers()
    {
        await using var server = await StartAsync();
        var box = await server.MailboxAsync("Box");
        await server.AppendAsync("x"u8.ToArray(), null, box);
        await using var amy = await LogInAsync(server, "amy");
        await using var bob = await LogInAsync(server, "bob");
        await amy.OkAsync("SELECT \"Other Users/bob/Box\"");
        await bob.OkAsync("SELECT Box");
        await amy.OkAsync("STORE 1 +FLAGS.SILENT (\\Seen Word)");
        Assert.That(await bob.OkAsync("NOOP"), Has.Some.EqualTo("* 1 FETCH (FLAGS (\\Seen Word))").Or.Some.EqualTo("* 1 FETCH (FLAGS (\\Seen \\Recent Word))"));
        await amy.OkAsync("SUBSCRIBE \"Other Users/bob/Box\"");
        Assert.That((await (await server.Accounts.OpenAsync(new AccountId("amy")))!.SnapshotAsync()).Subscriptions, Is.EqualTo(new[] { "Other Users/bob/Box" }));
        Assert.That((await box.Account.SnapshotAsync()).Subscriptions, Is.Empty);
        Assert.That(await amy.OkAsync("LIST (SUBSCRIBED) \"\" *"), Has.Some.EqualTo("* LIST (\\Subscribed) \"/\" \"Other Users/bob/Box\""));
    }

    [Test]
    public async Task A_session_in_IDLE_is_told_nothing_more_when_it_may_no_longer_read()
    {
        await using var server = await StartAsync();
        var box = await server.MailboxAsync("Box");
        await using var amy = await LogInAsync(server, "amy");
        await amy.OkAsync("SELECT \"Other Users/bob/Box\"");
        await amy.SendAsync("i IDLE\r\n");
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("+ Idling"));
        await server.AppendAsync("x"u8.ToArray(), null, box);
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* 1 EXISTS"));
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* 1 RECENT"));
        await box.Account.CommitAsync([new SetAcl(box.Id, "amy", FlagMode.Remove, "r")]);
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* BYE The selected mailbox was deleted"));
        await server.AppendAsync("y"u8.ToArray(), null, box);
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("i OK Idled"));
        Assert.That(await amy.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task A_list_has_100_identifiers_at_the_most()
    {
        await using var server = await StartAsync();
        await using var bob = await LogInAsync(server, "bob");
        for (var i = 0; i < StorageLimits.AclEntries; i++)
        {
            await bob.OkAsync($"SETACL INBOX user{i} l");
        }

        Assert.That((await bob.RunAsync("SETACL INBOX onemore l"))[^1], Does.EndWith(" NO [LIMIT] The list has too many identifiers"));
        await bob.OkAsync("DELETEACL INBOX user7");
        await bob.OkAsync("SETACL INBOX onemore l");
    }

    [TestCase(64, " OK ")]
    [TestCase(65, " BAD ")]
    public async Task Rights_are_64_letters_at_the_most(int letters, string answer)
    {
        await using var server = await StartAsync();
        await using var bob = await LogInAsync(server, "bob");
        Assert.That((await bob.RunAsync($"SETACL INBOX eve +{new string('l', letters)}"))[^1], Does.Contain(answer));
    }

    [Test]
    public async Task A_host_may_share_by_rules_of_its_own_and_then_no_list_is_announced()
    {
        await using var server = new ImapTestServer { Authorization = new Buddies() };
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        await server.MailboxAsync("Open", "bob");
        await server.MailboxAsync("Closed", "bob");
        await using var amy = await LogInAsync(server, "amy");
        Assert.That((await amy.OkAsync("CAPABILITY"))[0], Does.Not.Contain("ACL").And.Not.Contain("MYRIGHTS").And.Not.Contain("RIGHTS="));
        Assert.That((await amy.RunAsync("GETACL INBOX"))[^1], Does.Contain(" NO [CANNOT] "));
        Assert.That((await amy.OkAsync("NAMESPACE"))[0], Does.Contain("Other Users/"));
        Assert.That(await amy.OkAsync("LIST \"\" *"), Has.Some.Contains("bob/Open").And.None.Contains("Closed"));
        Assert.That((await amy.OkAsync("SELECT \"Other Users/bob/Open\""))[^1], Does.Contain("[READ-ONLY]"));
        Assert.That((await amy.RunAsync("SELECT \"Other Users/bob/Closed\""))[^1], Does.Contain(" NO [NONEXISTENT] "));
    }

    [Test]
    public async Task A_command_of_the_hosts_own_is_told_the_rights_in_the_selected_mailbox()
    {
        await using var server = new ImapTestServer { Extensions = [new RightsCommand()] };
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        var work = await server.MailboxAsync("Work");
        await work.SetAclAsync("amy", FlagMode.Replace, "lrs");
        await using var amy = await LogInAsync(server, "amy");
        Assert.That((await amy.OkAsync("X-RIGHTS"))[0], Is.EqualTo("* X-RIGHTS none"));
        await amy.OkAsync("SELECT \"Other Users/bob/Work\"");
        Assert.That((await amy.OkAsync("X-RIGHTS"))[0], Is.EqualTo("* X-RIGHTS bob lrs"));
        await work.SetAclAsync("amy", FlagMode.Remove, "s");
        Assert.That((await amy.OkAsync("X-RIGHTS"))[0], Is.EqualTo("* X-RIGHTS bob lr"));
    }

    [Test]
    public async Task Without_sharing_there_is_one_namespace_and_no_list()
    {
        await using var server = new ImapTestServer { Authorization = new OwnerAuthorization() };
        await server.AddUserAsync();
        await server.MailboxAsync("Other Users/bob");
        await using var bob = await LogInAsync(server, "bob");
        Assert.That((await bob.OkAsync("CAPABILITY"))[0], Does.Not.Contain("ACL").And.Not.Contain("MYRIGHTS"));
        Assert.That((await bob.OkAsync("NAMESPACE"))[0], Is.EqualTo("* NAMESPACE ((\"\" \"/\")) NIL NIL"));
        await bob.OkAsync("SELECT \"Other Users/bob\"");
        foreach (var command in new[] { "GETACL INBOX", "SETACL INBOX amy l", "DELETEACL INBOX amy", "LISTRIGHTS INBOX amy", "MYRIGHTS INBOX" })
        {
            Assert.That((await bob.RunAsync(command))[^1], Does.Contain(" NO [CANNOT] "), command);
        }
    }

    [TestCase(null, "", 1)]
    [TestCase(null, "amy=lrs", 0)]
    [TestCase(null, "anyone=p", 1)]
    [TestCase("amy", "amy=p", 1)]
    [TestCase("amy", "anyone=p -amy=p", 0)]
    [TestCase("bob", "amy=lrs", 1)]
    public async Task Mail_to_a_mailbox_needs_the_right_to_post(string? sender, string acl, int arrived)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync("Work");
        foreach (var entry in acl.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            await mailbox.SetAclAsync(entry.Split('=')[0], FlagMode.Replace, entry.Split('=')[1]);
        }

        var delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance) { Authorization = new AclAuthorization(server.Accounts) };
        Assert.That(await MailboxPermissionTableTests.PostAsync(server, delivery, sender, "work"), Is.EqualTo(250));
        Assert.That((await mailbox.GetInfoAsync())!.Messages, Is.EqualTo(arrived));
        Assert.That((await (await server.MailboxAsync()).GetInfoAsync())!.Messages, Is.EqualTo(1 - arrived));
    }

    // The answer to a command that names a mailbox of bob's, which is there only if it is called Hidden, told as if of the same name.
    private static async Task<string> AskAsync(string command, string name, string rights)
    {
        await using var server = await StartAsync();
        var hidden = await server.MailboxAsync("Hidden");
        await server.AppendAsync("x"u8.ToArray(), null, hidden);
        await hidden.SetAclAsync(rights == "-" ? "-amy" : "amy", FlagMode.Replace, rights == "-" ? "l" : rights);
        await using var amy = await LogInAsync(server, "amy");
        await server.AppendAsync("y"u8.ToArray(), null, await server.MailboxAsync("INBOX", "amy"));
        await amy.OkAsync("SELECT INBOX");
        var answer = await amy.RunAsync(Fill(command, $"\"Other Users/bob/{name}\""));
        return string.Join('\n', answer).Replace(name, "Name", StringComparison.Ordinal);
    }

    private static string Fill(string command, string name) => string.Format(System.Globalization.CultureInfo.InvariantCulture, command, name, name[..^1], name.Split('/')[^1].Trim('"'));

    // amy may do everything in Box and below it.
    [TestCase("lrs", "lrsw", true)]
    [TestCase("lrsw", "lrs", false)]
    public async Task A_list_that_changes_while_the_mailbox_is_opened_holds_for_the_first_command(string before, string after, bool isAllowed)
    {
        await using var server = new ImapTestServer();
        await using var amy = await LogInWhereListChangesAsync(server, before, after);
        await amy.OkAsync("SELECT \"Other Users/bob/Box\"");

        var answer = await amy.RunAsync("STORE 1 +FLAGS (\\Flagged)");
        Assert.That(answer[^1].Contains(" OK ", StringComparison.Ordinal), Is.EqualTo(isAllowed), answer[^1]);
    }

    [Test]
    public async Task Who_may_not_read_any_more_when_the_mailbox_has_been_opened_leaves_at_once()
    {
        await using var server = new ImapTestServer();
        await using var amy = await LogInWhereListChangesAsync(server, "lrsw", "l");
        Assert.That(await amy.RunAsync("SELECT \"Other Users/bob/Box\""), Has.Some.StartsWith("* BYE "));
    }

    private static async Task<ImapTestClient> LogInWhereListChangesAsync(ImapTestServer server, string before, string after)
    {
        var store = new Changing(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        var box = await server.MailboxAsync("Box");
        await server.AppendAsync("x"u8.ToArray(), mailbox: box);
        await box.SetAclAsync("amy", FlagMode.Replace, before);
        store.Change = async () => await box.SetAclAsync("amy", FlagMode.Replace, after);
        return await LogInAsync(server, "amy");
    }

    private static async Task<ImapTestServer> StartAsync()
    {
        var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        foreach (var name in new[] { "Box", "Box/Free" })
        {
            await (await server.MailboxAsync(name)).SetAclAsync("amy", FlagMode.Replace, RightsText.Format(MailboxRights.All));
        }

        return server;
    }

    private static async Task<ImapTestClient> LogInAsync(ImapTestServer server, string user)
    {
        var client = await server.ClientAsync();
        await client.OkAsync($"LOGIN {user} secret");
        return client;
    }

    private sealed class RightsCommand : ImapExtension
    {
        public override string Command => "X-RIGHTS";

        public override async ValueTask<ImapReply> RunAsync(ImapExtensionContext context, CancellationToken cancellationToken)
        {
            var told = context.Selected is { } mailbox ? $"{mailbox.Account.Id} {RightsText.Format(context.SelectedRights)}" : "none";
            await context.WriteUntaggedAsync($"X-RIGHTS {told}", cancellationToken);
            return ImapReply.Ok("Done");
        }
    }

    // Between the look at the list and the look at the messages.
    private sealed class Changing(IMailStore inner) : StoreWrapper(inner)
    {
        public Func<Task>? Change { get; set; }

        protected override async ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox)
        {
            var change = Change;
            Change = null;
            await (change?.Invoke() ?? Task.CompletedTask);
            return await base.LoadAsync(account, mailbox);
        }
    }

    // Everybody may read what is called Open.
    private sealed class Buddies : IMailboxAuthorization
    {
        public bool SharesAccounts => true;

        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) => ValueTask.FromResult(
                user.Account == account ? MailboxRights.All : mailbox == "Open" ? MailboxRights.Lookup | MailboxRights.Read : MailboxRights.None);

        public ValueTask<IReadOnlyList<AccountId>> FindSharingAccountsAsync(MailIdentity user, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<AccountId>>([new AccountId("bob")]);
    }
}
