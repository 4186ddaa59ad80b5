using System.Text;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapCatenateTests
{
    [Test]
    public async Task Octets_of_large_parts_come_through_as_they_are()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var part = new byte[3 * 1024 * 1024];
        new Random(7).NextBytes(part);
        await server.AppendAsync(part, new AppendOptions { Prefix = "Received: here\r\n"u8.ToArray() });
        await using var client = await server.SelectedAsync();
        await client.SendAsync($"c APPEND INBOX CATENATE (URL \";UID=1\" TEXT {{{part.Length}+}}\r\n");
        await client.SendAsync(part);
        await client.SendAsync(" URL \"/INBOX/;UID=1/;PARTIAL=16.1000\")\r\n");
        Assert.That((await client.ReadToAsync("c"))[^1], Does.Contain("c OK [APPENDUID "));
        var octets = await ReadAsync(server, 2);
        Assert.That(octets.AsSpan().SequenceEqual([.. "Received: here\r\n"u8, .. part, .. part, .. part[..1000]]));
    }

    [TestCase("StageAsync")]
    [TestCase("OpenContentAsync")]
    [TestCase("CommitAsync")]
    public async Task A_store_that_fails_leaves_nothing_and_the_dialog_in_step(string member)
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync(Encoding.ASCII.GetBytes(new string('x', 200_000)));
        await using var client = await server.SelectedAsync();
        store.Broken.Add(member);
        var text = new string('y', 200_000);
        await client.SendAsync($"c APPEND INBOX CATENATE (TEXT {{{text.Length}+}}\r\n{text} URL \"/INBOX/;UID=1\" TEXT {{{text.Length}+}}\r\n{text})\r\n");
        Assert.That((await client.ReadToAsync("c"))[^1], Does.Contain("c NO [SERVERBUG] "));
        store.Broken.Clear();
        Assert.That(await client.OkAsync("NOOP"), Has.Count.EqualTo(1));
        Assert.That(store.OpenReaders, Is.Zero);
    }

    [Test]
    public async Task A_client_that_leaves_within_a_part_leaves_nothing()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync("one"u8.ToArray());
        var client = await server.SelectedAsync();
        await client.SendAsync("c APPEND INBOX CATENATE (URL \"/INBOX/;UID=1\" TEXT {1000+}\r\nhalf");
        await client.DisposeAsync();
        Assert.That(store.OpenReaders, Is.Zero);
        Assert.That((await (await server.MailboxAsync()).GetInfoAsync())!.Messages, Is.EqualTo(1));
    }

    [Test]
    public async Task A_url_as_a_literal_is_taken_up_to_its_limit([Values(8 * 1024, (8 * 1024) + 1)] int length)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AppendAsync("one"u8.ToArray());
        await using var client = await server.SelectedAsync();
        var url = "/INBOX/;UID=" + "1".PadLeft(length - 12, '0');
        await client.SendAsync($"c APPEND INBOX CATENATE (URL {{{length}+}}\r\n{url})\r\n");
        Assert.That((await client.ReadToAsync("c"))[^1], Does.Contain(length == 8 * 1024 ? "c OK [APPENDUID " : "c NO [BADURL ...] "));
        await client.OkAsync("NOOP");
    }

    [Test]
    public async Task A_catenation_past_the_quota_is_refused_before_it_is_read_and_at_the_commit()
    {
        await using var server = new ImapTestServer();
        var account = await server.AddUserAsync();
        await server.AppendAsync(new byte[800_000]);
        await account.SetQuotaAsync(1_600_000);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.RunAsync("APPEND INBOX CATENATE (URL \"/INBOX/;UID=1\" URL \"/INBOX/;UID=1\")"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await client.RunAsync("APPEND INBOX CATENATE (URL \"/INBOX/;UID=1\" TEXT {1+}\r\nx)"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        await client.OkAsync("APPEND INBOX CATENATE (URL \"/INBOX/;UID=1\")");
    }

    private static async Task<byte[]> ReadAsync(ImapTestServer server, uint uid)
    {
        var mailbox = await server.MailboxAsync();
        await foreach (var row in mailbox.ReadAsync(new[] { new Uid(uid) }, MessageFields.Content))
        {
            await using var content = (await mailbox.OpenContentAsync(row))!;
            var octets = new byte[content.Length];
            using var stream = content.AsStream();
            await stream.ReadExactlyAsync(octets);
            return octets;
        }

        return [];
    }
}
