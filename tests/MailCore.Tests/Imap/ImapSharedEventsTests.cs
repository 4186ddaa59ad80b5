using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Quotas, metadata and NOTIFY where amy looks at what bob shares with her.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSharedEventsTests
{
    private const string Work = "\"Other Users/bob/Work\"";

    [Test]
    public async Task A_shared_mailbox_has_its_owner_s_quota()
    {
        await using var server = await StartAsync();
        var work = await ShareAsync(server, "Work", "lri");
        await server.AppendAsync("12345"u8.ToArray(), mailbox: work);
        await work.Account.SetQuotaAsync(8, 100);
        await using var amy = await LogInAsync(server);
        Assert.That((await amy.OkAsync($"GETQUOTAROOT {Work}")).SkipLast(1), Is.EqualTo(new[] { $"* QUOTAROOT {Work} bob", "* QUOTA bob (STORAGE 1 0 MESSAGE 1 100)" }));
        Assert.That((await amy.OkAsync("GETQUOTAROOT INBOX"))[0], Is.EqualTo("* QUOTAROOT INBOX amy"));
        Assert.That((await amy.RunAsync("GETQUOTA bob"))[^1], Does.Contain(" NO [NONEXISTENT] "));
        Assert.That((await amy.RunAsync("GETQUOTAROOT \"Other Users/bob/INBOX\""))[^1], Does.Contain(" NO [NONEXISTENT] "));
        Assert.That((await amy.RunAsync($"APPEND {Work} {{4+}}\r\nfour"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await amy.RunAsync($"APPEND {Work} CATENATE (URL \"/Other%20Users/bob/Work/;UID=1\")"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        await amy.OkAsync($"APPEND {Work} {{3+}}\r\ntwo");
        await amy.OkAsync("APPEND INBOX CATENATE (URL \"/Other%20Users/bob/Work/;UID=1\" TEXT {1+}\r\n!)");
        await work.SetAclAsync("amy", FlagMode.Replace, "li");
        Assert.That((await amy.RunAsync("APPEND INBOX CATENATE (URL \"/Other%20Users/bob/Work/;UID=1\")"))[^1], Does.Contain(" NO [BADURL "));
    }

    [Test]
    public async Task Private_entries_are_the_owner_s_and_shared_ones_everybody_s()
    {
        await using var server = await StartAsync();
        var work = await ShareAsync(server, "Work", "lrw");
        await work.SetMetadataAsync([("/private/comment", "bob's"u8.ToArray()), ("/shared/comment", "all's"u8.ToArray())]);
        var sent = await server.MailboxAsync("Sent", "bob", "\\Sent");
        await sent.SetAclAsync("amy", FlagMode.Replace, "lr");
        await using var amy = await LogInAsync(server);
        Assert.That((await amy.OkAsync($"GETMETADATA (DEPTH infinity) {Work} (/private /shared)"))[0], Is.EqualTo($"* METADATA {Work} (/shared/comment \"all's\")"));
        Assert.That((await amy.OkAsync($"GETMETADATA {Work} /private/comment"))[0], Is.EqualTo($"* METADATA {Work} (/private/comment NIL)"));
        Assert.That((await amy.OkAsync("GETMETADATA \"Other Users/bob/Sent\" /private/specialuse"))[0], Does.EndWith("(/private/specialuse NIL)"));
        Assert.That(await amy.OkAsync("LIST \"\" \"Other Users/bob/Work\" RETURN (METADATA (/private/comment /shared/comment))"), Does.Contain($"* METADATA {Work} (/private/comment NIL /shared/comment \"all's\")"));
        Assert.That((await amy.RunAsync($"SETMETADATA {Work} (/shared/comment \"x\" /private/comment \"amy's\")"))[^1], Does.Contain(" NO [METADATA NOPRIVATE] "));
        await amy.OkAsync($"SETMETADATA {Work} (/shared/comment \"amy's\")");
        Assert.That((await work.ReadMetadataAsync()).Select(static entry => System.Text.Encoding.ASCII.GetString(entry.Value.Span)), Is.EqualTo(new[] { "bob's", "amy's" }));
    }

    [Test]
    public async Task Notify_tells_of_what_is_shared_under_the_client_s_names_and_of_nothing_else()
    {
        await using var server = await StartAsync();
        var (work, secret) = (await ShareAsync(server, "Work", "lr"), await server.MailboxAsync("Secret"));
        await using var amy = await LogInAsync(server);
        Assert.That(
            (await amy.OkAsync("NOTIFY SET STATUS (subtree \"Other Users\" (MessageNew MessageExpunge MailboxName MailboxMetadataChange))"))[0],
            Does.StartWith($"* STATUS {Work} (MESSAGES 0 "));
        await server.AppendAsync("x"u8.ToArray(), mailbox: secret);
        await work.SetMetadataAsync([("/private/comment", "bob's"u8.ToArray())]);
        await secret.SetMetadataAsync([("/shared/comment", "hidden"u8.ToArray())]);
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await amy.ReadLineAsync(), Does.StartWith($"* STATUS {Work} (MESSAGES 1 "));
        await work.SetMetadataAsync([("/shared/comment", "for all"u8.ToArray())]);
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo($"* METADATA {Work} /shared/comment"));

        await work.Account.RenameMailboxAsync(work.Id, MailboxName.Parse("Play"));
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo($"* LIST (\\HasNoChildren) \"/\" \"Other Users/bob/Play\" (\"OLDNAME\" ({Work}))"));
        await secret.SetAclAsync("amy", FlagMode.Replace, "lr");
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* LIST (\\NonExistent \\HasChildren) \"/\" \"Other Users/bob\""));
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* LIST (\\HasNoChildren) \"/\" \"Other Users/bob/Secret\""));
        await work.SetAclAsync("amy", FlagMode.Replace, "l");
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* LIST (\\NoAccess) \"/\" \"Other Users/bob/Play\""));
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        await secret.SetAclAsync("amy", FlagMode.Replace, "");
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* LIST (\\NonExistent \\HasChildren) \"/\" \"Other Users/bob\""));
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* LIST (\\NonExistent \\HasNoChildren) \"/\" \"Other Users/bob/Secret\""));
        await server.AppendAsync("x"u8.ToArray(), mailbox: secret);
        Assert.That(await amy.OkAsync("NOOP"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Subscriptions_to_shared_mailboxes_count_and_an_account_that_begins_to_share_is_found()
    {
        await using var server = await StartAsync();
        await using var amy = await LogInAsync(server);
        await amy.OkAsync("NOTIFY SET (subscribed (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge))");
        var work = await ShareAsync(server, "Work", "lr");
        await amy.OkAsync("NOOP");
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await amy.OkAsync("NOOP"), Has.Count.EqualTo(1));
        await amy.OkAsync($"SUBSCRIBE {Work}");
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await amy.ReadLineAsync(), Does.StartWith($"* STATUS {Work} (MESSAGES 2 "));
        await amy.OkAsync($"UNSUBSCRIBE {Work}");
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await amy.OkAsync("NOOP"), Has.Count.EqualTo(1));

        // Selected, it is told of by the rule for that alone.
        await amy.OkAsync("NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (mailboxes \"Other Users/bob/Work\" (MessageNew MessageExpunge))");
        await amy.OkAsync($"EXAMINE {Work}");
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* 4 EXISTS"));
        Assert.That(await amy.ReadLineAsync(), Does.EndWith(" RECENT"));
        Assert.That(await amy.ReadLineAsync(), Is.EqualTo("* 4 FETCH (UID 4)"));
    }

    private static async Task<ImapTestServer> StartAsync()
    {
        var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        return server;
    }

    private static async Task<Mailbox> ShareAsync(ImapTestServer server, string name, string rights)
    {
        var mailbox = await server.MailboxAsync(name);
        await mailbox.SetAclAsync("amy", FlagMode.Replace, rights);
        return mailbox;
    }

    private static async Task<ImapTestClient> LogInAsync(ImapTestServer server)
    {
        var client = await server.ClientAsync();
        await client.OkAsync("LOGIN amy secret");
        return client;
    }
}
