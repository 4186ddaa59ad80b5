using System.Text;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Allocations are counted for the whole process, so nothing may run beside.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class ImapStreamingTests
{
    private const long Size = 100L * 1024 * 1024;

    [Test]
    public async Task A_hundred_megabytes_stream_out_with_a_few_buffers()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync("abc"u8.ToArray());
        await using var client = await server.SelectedAsync();
        store.Content = static () => new EndlessContent(Size);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await client.SendAsync("a FETCH 1 BODY.PEEK[]\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo($"* 1 FETCH (BODY[] {{{Size}}}"));
        var chunk = new byte[64 * 1024];
        for (var left = Size; left > chunk.Length; left -= chunk.Length)
        {
            // The test's client holds what it has read too far; past the literal's start it reads into one buffer.
            await ReadExactlyAsync(client, chunk);
        }

        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(8 * 1024 * 1024));
    }

    [Test]
    public async Task Base64_is_decoded_while_it_streams_out()
    {
        const int Decoded = 12 * 1024 * 1024;
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var line = Encoding.ASCII.GetBytes(Convert.ToBase64String(new byte[48]) + "\r\n");
        await server.AppendAsync([.. "Content-Transfer-Encoding: base64\r\n\r\n"u8, .. Enumerable.Repeat(line, Decoded / 48).SelectMany(static octets => octets)]);
        await using var client = await server.SelectedAsync();
        await client.OkAsync("FETCH 1 BODYSTRUCTURE");
        var chunk = new byte[64 * 1024];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await client.SendAsync("a FETCH 1 BINARY.PEEK[1]\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo($"* 1 FETCH (BINARY[1] ~{{{Decoded}}}"));
        for (var left = Decoded; left > 0; left -= chunk.Length)
        {
            await ReadExactlyAsync(client, chunk);
            Assert.That(chunk.AsSpan().ContainsAnyExcept((byte)0), Is.False);
        }

        Assert.That(await client.ReadLineAsync(), Is.EqualTo(")"));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(3 * 1024 * 1024));
    }

    [Test]
    public async Task A_stalled_client_holds_a_few_buffers_and_no_one_else_up_and_is_cut_off()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync("abc"u8.ToArray());
        var stalled = await server.SelectedAsync(capacity: 16 * 1024);
        await using var other = await server.SelectedAsync();
        store.Content = static () => new EndlessContent(Size);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await stalled.SendAsync("a FETCH 1 BODY.PEEK[]\r\n");
        await other.OkAsync("FETCH 1 FLAGS");
        await other.OkAsync("STORE 1 +FLAGS (\\Seen)");
        Assert.That((await other.OkAsync("FETCH 1 BODY.PEEK[]<0.3>"))[0], Does.Contain("xxx"));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(1024 * 1024));

        for (var i = 0; i < 100 && !stalled.Session.IsCompleted; i++)
        {
            server.Time.Advance(server.Options.WriteTimeout);
            await Task.WhenAny(stalled.Session, Task.Delay(5));
        }

        await Assert.ThrowsAsync<IOException>(() => stalled.Session);
        Assert.That(store.OpenReaders, Is.Zero);
    }

    [Test]
    public async Task A_flags_line_of_fetch_allocates_less_than_64_octets()
    {
        const int Messages = 20_000;
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        await using (var staged = await server.Accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream("x"u8.ToArray())), default))
        {
            var message = new MessageToAppend(staged, new AppendOptions { Flags = SystemFlags.Seen, Keywords = ["Work"] });
            await mailbox.AppendAsync([.. Enumerable.Repeat(message, Messages)]);
        }

        await using var client = await server.SelectedAsync();
        await RunAsync(client);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RunAsync(client);
        // The connection in memory allocates too, a little for each of its writes.
        Assert.That((GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Messages, Is.LessThan(64));

        static async Task RunAsync(ImapTestClient client)
        {
            await client.SendAsync("a FETCH 1:* FLAGS\r\n");
            var end = "a OK Fetched\r\n"u8.ToArray();
            var chunk = new byte[64 * 1024];
            for (var length = 0; !chunk.AsSpan(0, length).EndsWith(end); length = await client.Connection.Client.ReadAsync(chunk))
            {
            }
        }
    }

    [Test]
    public async Task A_search_over_100_000_messages_costs_no_list_of_them()
    {
        const int Messages = 100_000;
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        await using (var staged = await server.Accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream("x"u8.ToArray())), default))
        {
            await mailbox.AppendAsync([.. Enumerable.Repeat(new MessageToAppend(staged, AppendOptions.Default), Messages)]);
        }

        await using var client = await server.SelectedAsync();
        const string Search = "UID SEARCH RETURN (MIN MAX ALL COUNT SAVE) UNDELETED LARGER 0";
        await client.OkAsync(Search);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var found = await client.OkAsync(Search);
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(256 * 1024));
        Assert.That(found[0], Does.EndWith($"UID ALL 1:{Messages} MIN 1 MAX {Messages} COUNT {Messages}"));
        before = GC.GetTotalAllocatedBytes(precise: true);
        await client.OkAsync("STORE $ -FLAGS.SILENT (\\Deleted)");
        await client.OkAsync($"FETCH {Messages} UID");
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(16L * Messages + (1024 * 1024)), "UIDs of the messages named, and no more");
    }

    [Test]
    public async Task An_append_of_a_hundred_megabytes_is_announced_before_it_is_held()
    {
        await using var server = new ImapTestServer();
        server.Options.MaxMessageSize = long.MaxValue;
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await client.SendAsync("a APPEND INBOX {4294967295}\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("+ Send it"));
        await client.SendAsync(Encoding.ASCII.GetBytes("a few octets"));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(2 * 1024 * 1024));
    }

    private static async Task ReadExactlyAsync(ImapTestClient client, byte[] chunk)
    {
        var buffered = Math.Min(client.Buffered, chunk.Length);
        await client.ReadAsync(buffered);
        await client.Connection.Client.ReadExactlyAsync(chunk.AsMemory(0, chunk.Length - buffered));
    }
}
