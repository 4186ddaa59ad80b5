using System.Globalization;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Work that goes on for long without a word to the client.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapLongSearchTests
{
    private const int Messages = 300;

    [Test]
    public async Task A_search_ends_when_its_client_leaves_and_reads_no_further()
    {
        await using var server = new ImapTestServer();
        var (client, opened, _) = await SelectedAsync(server, static client => client.Connection.FinishClientWriting());
        await client.SendAsync("a SEARCH BODY nowhere\r\n");
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(opened(), Is.InRange(1, 64), "one batch of messages");
        Assert.That(server.Signal.Count, Is.Zero);
        await client.DisposeAsync();
    }

    [Test]
    public async Task A_search_whose_client_stays_reads_everything_and_goes_on_with_what_was_sent_meanwhile()
    {
        await using var server = new ImapTestServer();
        var (client, opened, _) = await SelectedAsync(server, static client => client.SendAsync("b NOOP\r\n"));
        await client.SendAsync("a SEARCH BODY nowhere\r\n");
        Assert.That((await client.ReadToAsync("a"))[0], Is.EqualTo("* SEARCH"));
        Assert.That((await client.ReadToAsync("b"))[^1], Is.EqualTo("b OK Done"));
        Assert.That(opened(), Is.EqualTo(Messages));
        await client.OkAsync("NOOP");
        await client.DisposeAsync();
    }

    [Test]
    public async Task A_shutdown_in_the_middle_of_a_search_is_not_lost()
    {
        await using var server = new ImapTestServer();
        var (client, _, _) = await SelectedAsync(server, _ => server.Stop());
        await client.SendAsync("a SEARCH BODY nowhere\r\n");
        await client.ReadToAsync("a");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.DisposeAsync();
    }

    // The act happens while the first body is being opened.
    private static async Task<(ImapTestClient Client, Func<int> Opened, FaultyStore Store)> SelectedAsync(ImapTestServer server, Action<ImapTestClient> act)
    {
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        for (var i = 0; i < Messages; i++)
        {
            await server.AppendAsync(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Subject: {i}\r\n\r\nText {i}")));
        }

        var client = await server.SelectedAsync();
        var opened = 0;
        store.Opened = () =>
        {
            if (Interlocked.Increment(ref opened) == 1)
            {
                act(client);
            }
        };
        return (client, () => Volatile.Read(ref opened), store);
    }
}
