using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>RFC 9585, by a clock that moves only while the store works.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapProgressTests
{
    private static readonly TimeSpan PerMessage = TimeSpan.FromSeconds(4);

    [Test]
    public async Task A_fetch_tells_once_an_interval_how_far_it_is()
    {
        var (server, store) = await ServerAsync(messages: 6);
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        store.Opened = () => server.Time.Advance(PerMessage);
        await client.SendAsync("a FETCH 1:* BODY.PEEK[]<0.1>\r\n");
        Assert.That(Shape(await client.ReadToAsync("a")), Is.EqualTo(new[] { "1", "2", "3", "\"a\" 3 6", "4", "5", "6" }));
    }

    [TestCase("BODY nothing", "* SEARCH")]
    [TestCase("BODY text", "* SEARCH 1 2 3 4 5 6")]
    public async Task A_search_tells_once_an_interval_how_far_it_is(string key, string found)
    {
        var (server, store) = await ServerAsync(messages: 6);
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        store.Opened = () => server.Time.Advance(PerMessage);
        await client.SendAsync($"a SEARCH {key}\r\n");
        var responses = await client.ReadToAsync("a");
        Assert.That(responses, Is.EqualTo(new[] { "* OK [INPROGRESS (\"a\" 3 6)] Still at work", found, "a OK Searched" }));
    }

    [Test]
    public async Task Nothing_is_told_within_an_answer_that_has_begun()
    {
        const int Messages = 200;
        var (server, store) = await ServerAsync(Messages);
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        store.Opened = () => server.Time.Advance(PerMessage);
        await client.SendAsync("a SEARCH BODY text\r\n");
        var responses = await client.ReadToAsync("a");
        Assert.That(responses.SkipLast(2), Is.Not.Empty.And.All.Match("^\\* OK \\[INPROGRESS \\(\"a\" \\d+ 200\\)\\] Still at work$"));
        Assert.That(responses[^2], Is.EqualTo($"* SEARCH {string.Join(' ', Enumerable.Range(1, Messages))}"));
    }

    [TestCase("STORE 1:* +FLAGS.SILENT (\\Flagged)", "Stored")]
    [TestCase("COPY 1:* Other", "Copied")]
    [TestCase("MOVE 1:* Other", "Moved")]
    public async Task What_the_store_does_in_one_step_is_told_to_go_on(string command, string end)
    {
        var (server, store) = await ServerAsync(messages: 2);
        await using var _ = server;
        await server.MailboxAsync("Other");
        await using var client = await server.SelectedAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Committing = () => gate.Task;
        await client.SendAsync($"a {command}\r\n");
        var line = client.ReadLineAsync();
        while (!line.IsCompleted)
        {
            server.Time.Advance(server.Options.ProgressInterval);
            await Task.WhenAny(line, Task.Delay(5));
        }

        Assert.That(await line, Is.EqualTo("* OK [INPROGRESS (\"a\" NIL NIL)] Still at work"));
        gate.SetResult();
        Assert.That((await client.ReadToAsync("a"))[^1], Does.StartWith("a OK ").And.EndWith(end));
    }

    [TestCase("MIN")]
    [TestCase("MIN SAVE")]
    public async Task A_search_for_the_first_reads_no_message_behind_it(string wanted)
    {
        var (server, store) = await ServerAsync(messages: 200);
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        var opened = 0;
        store.Opened = () => opened++;
        Assert.That((await client.OkAsync($"SEARCH RETURN ({wanted}) 3:* BODY text"))[0], Does.EndWith(") MIN 3"));
        Assert.That(opened, Is.EqualTo(1));
        await client.OkAsync("SEARCH RETURN (MIN COUNT) BODY text");
        Assert.That(opened, Is.EqualTo(201));
    }

    [Test]
    public async Task A_client_that_leaves_a_fetch_that_writes_nothing_ends_it()
    {
        const int Messages = 300;
        var (server, store) = await ServerAsync(Messages, "Content-Transfer-Encoding: x-unknown\r\n\r\ntext\r\n");
        await using var _ = server;
        await using var client = await server.SelectedAsync();
        var opened = 0;
        store.Opened = () =>
        {
            if (++opened == 2)
            {
                client.Connection.FinishClientWriting();
            }
        };
        await client.SendAsync("a FETCH 1:* BINARY.PEEK[1]\r\n");
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(opened, Is.InRange(2, Messages / 2));
        Assert.That((store.OpenReaders, server.Signal.Count), Is.EqualTo((0, 0)));
    }

    // The number of a FETCH, what INPROGRESS says.
    private static IEnumerable<string> Shape(IReadOnlyList<string> responses) =>
        responses.SkipLast(1).Select(static response => response.Contains("INPROGRESS (", StringComparison.Ordinal) ? response.Split('(', ')')[1] : response.Split(' ')[1]);

    private static async Task<(ImapTestServer Server, FaultyStore Store)> ServerAsync(int messages, string text = "\r\ntext\r\n")
    {
        var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        await using var staged = await server.Accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(text))), default);
        await mailbox.AppendAsync([.. Enumerable.Repeat(new MessageToAppend(staged, AppendOptions.Default), messages)]);
        return (server, store);
    }
}
