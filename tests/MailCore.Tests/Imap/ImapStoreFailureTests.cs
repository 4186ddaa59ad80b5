using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapStoreFailureTests
{
    [TestCase("SELECT INBOX", "LoadAsync")]
    [TestCase("STATUS INBOX (MESSAGES)", "SnapshotAsync")]
    [TestCase("LIST \"\" *", "SnapshotAsync")]
    [TestCase("CREATE x", "CommitAsync")]
    [TestCase("RENAME INBOX x", "CommitAsync")]
    [TestCase("SUBSCRIBE x", "CommitAsync")]
    [TestCase("APPEND INBOX {3+}\r\nabc", "CommitAsync")]
    [TestCase("APPEND INBOX {3+}\r\nabc", "StageAsync")]
    [TestCase("APPEND INBOX {3+}\r\nabc", "SnapshotAsync")]
    [TestCase("APPEND INBOX {3+}\r\nabc (\\Seen) {3+}\r\ndef", "StageAsync")]
    [TestCase("APPEND INBOX {3+}\r\nabc (\\Seen) {3+}\r\ndef", "CommitAsync")]
    [TestCase("LIST \"\" * RETURN (STATUS (MESSAGES))", "SnapshotAsync")]
    public async Task A_store_failure_is_no_with_serverbug_and_the_session_goes_on(string command, string member)
    {
        var (server, store) = await ServerAsync();
        await using var _ = server;
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        store.Broken.Add(member);
        Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [SERVERBUG] "));
        store.Broken.Clear();
        await client.OkAsync("NOOP");
        await client.OkAsync(command);
    }

    [TestCase("NOOP", "ChangesSinceAsync")]
    [TestCase("FETCH 1 BODY.PEEK[]", "ReadAsync")]
    [TestCase("FETCH 1 BODY.PEEK[]", "OpenContentAsync")]
    [TestCase("FETCH 1 BODY[]", "CommitAsync")]
    [TestCase("FETCH 1 BINARY.PEEK[]", "OpenContentAsync")]
    [TestCase("SEARCH BODY x", "Read")]
    [TestCase("SEARCH RETURN (ALL SAVE) BODY x", "Read")]
    [TestCase("STORE 1 FLAGS (\\Seen)", "CommitAsync")]
    [TestCase("COPY 1 Other", "CommitAsync")]
    [TestCase("MOVE 1 Other", "CommitAsync")]
    [TestCase("EXPUNGE", "CommitAsync")]
    [TestCase("CLOSE", "CommitAsync")]
    public async Task So_it_is_with_a_mailbox_selected(string command, string member)
    {
        var (server, store) = await ServerAsync();
        await using var _ = server;
        await server.MailboxAsync("Other");
        await server.AppendAsync("abc"u8.ToArray(), new AppendOptions { Flags = SystemFlags.Deleted });
        await using var client = await server.SelectedAsync();
        store.Broken.Add(member);
        Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [SERVERBUG] "));
        store.Broken.Clear();
        await client.OkAsync("NOOP");
        Assert.That(await client.OkAsync("SEARCH ALL"), Does.Contain("* SEARCH 1"));
        await client.OkAsync(command);
        Assert.That(store.OpenReaders, Is.Zero);
    }

    [Test]
    public async Task A_failure_between_a_change_and_its_telling_loses_nothing()
    {
        var (server, store) = await ServerAsync();
        await using var _ = server;
        await server.AppendAsync("one"u8.ToArray());
        await using var client = await server.SelectedAsync();
        await server.AppendAsync("two"u8.ToArray());
        await (await server.MailboxAsync()).RemoveAsync([new Uid(1)]);
        // Claiming what is \Recent is a commit.
        store.Broken.Add("CommitAsync");
        Assert.That((await client.RunAsync("NOOP"))[^1], Does.Contain(" NO [SERVERBUG] "));
        store.Broken.Clear();
        Assert.That((await client.OkAsync("NOOP")).SkipLast(1), Is.EqualTo(new[] { "* 1 EXPUNGE", "* 1 EXISTS", "* 1 RECENT" }));
    }

    [Test]
    public async Task A_failure_within_a_literal_ends_the_connection_since_it_can_t_be_mended()
    {
        var (server, store) = await ServerAsync();
        await using var _ = server;
        await server.AppendAsync("abc"u8.ToArray());
        var client = await server.SelectedAsync();
        store.Broken.Add("Read");
        await client.SendAsync("a FETCH 1 BODY.PEEK[]\r\n");
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That((store.OpenReaders, server.Signal.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_refused_append_drops_its_message_and_stays_in_step_however_large()
    {
        var (server, store) = await ServerAsync();
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        store.Broken.Add("StageAsync");
        var write = client.SendAsync([.. "a APPEND INBOX {300000+}\r\n"u8, .. Enumerable.Repeat((byte)'x', 300_000), .. "\r\nb NOOP\r\n"u8]);
        Assert.That((await client.ReadToAsync("a"))[^1], Does.StartWith("a NO [SERVERBUG]"));
        Assert.That((await client.ReadToAsync("b"))[^1], Is.EqualTo("b OK Done"));
        await write;
    }

    private static async Task<(ImapTestServer Server, FaultyStore Store)> ServerAsync()
    {
        var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        return (server, store);
    }
}
