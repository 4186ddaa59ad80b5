using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>'$', pages and followed results while other sessions deliver, flag and expunge: random interleavings against a model.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSearchModelTests
{
    private const int Steps = 120;
    private const int Contexts = 4;

    [Test]
    public async Task Results_stay_right_over_what_other_sessions_do([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        for (var i = 0; i < 12; i++)
        {
            await server.AppendAsync("x"u8.ToArray());
        }

        await using var other = await server.SelectedAsync();
        await using var client = await FollowingClient.SelectAsync(server);
        for (var i = 0; i < Contexts; i++)
        {
            await client.FollowAsync($"F{i}", ModelCriteria.RandomFlags(random), areUids: i % 2 == 0);
        }

        for (var step = 0; step < Steps; step++)
        {
            await other.RunAsync(Change(random));
            await (random.Next(5) switch
            {
                0 => SaveAsync(client, random),
                1 => UseSavedAsync(client),
                2 => client.RunAsync($"FETCH {(client.Count == 0 ? "1:*" : random.Next(1, client.Count + 1))} UID"),
                3 => client.RunAsync($"STORE 1:* {(random.Next(2) == 0 ? "+" : "-")}FLAGS{(random.Next(2) == 0 ? ".SILENT" : "")} (\\Seen)"),
                _ => CheckAsync(client, random),
            });
        }

        await CheckAsync(client, random);
    }

    [Test]
    public async Task A_result_that_the_store_can_t_tell_any_more_is_not_followed_any_more()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync("Subject: a\r\n\r\ntext\r\n"u8.ToArray());
        await using var client = await server.SelectedAsync();
        await client.OkAsync("SEARCH RETURN (UPDATE COUNT) BODY text");
        await client.OkAsync("SEARCH RETURN (UPDATE COUNT) UNSEEN");
        store.Broken.Add("OpenContentAsync");
        await server.AppendAsync("Subject: b\r\n\r\ntext\r\n"u8.ToArray());
        Assert.That(await client.OkAsync("NOOP"), Is.EqualTo(new[]
        {
            "* 2 EXISTS", "* 2 RECENT", "* NO [NOUPDATE \"T2\"] Its changes will not be told", "* ESEARCH (TAG \"T3\") ADDTO (0 2)", "T4 OK Done",
        }));
        store.Broken.Clear();
        await server.AppendAsync("text"u8.ToArray());
        Assert.That(await client.OkAsync("NOOP"), Has.Exactly(1).Contains("ADDTO"));
    }

    private static string Change(Random random)
    {
        string Some() => $"{random.Next(1, 30)},{random.Next(1, 60)}:{random.Next(1, 60)}";
        return random.Next(7) switch
        {
            0 => "APPEND INBOX (\\Flagged Later) {1+}\r\nx",
            1 => "APPEND INBOX {1+}\r\nx",
            2 => $"UID STORE {Some()} +FLAGS.SILENT (\\Seen)",
            3 => $"UID STORE {Some()} -FLAGS.SILENT (\\Seen \\Flagged)",
            4 => $"UID STORE {Some()} FLAGS.SILENT (Later)",
            5 => $"UID STORE {random.Next(1, 60)} +FLAGS.SILENT (\\Deleted)",
            _ => "EXPUNGE",
        };
    }

    // What is saved is known only once it is used: then it must be what was found, less what is gone.
    private static async Task SaveAsync(FollowingClient client, Random random)
    {
        var criteria = ModelCriteria.RandomFlags(random);
        var messages = await client.LearnAsync();
        uint[] found = [.. Found(criteria, messages)];
        int low = random.Next(1, 4), high = low + random.Next(6);
        var (options, kept) = random.Next(3) switch
        {
            0 => ("SAVE", found),
            1 => ($"SAVE PARTIAL {low}:{high}", found[Math.Min(low - 1, found.Length)..Math.Min(high, found.Length)]),
            _ => ($"SAVE PARTIAL -{low}:-{high}", found[Math.Max(0, found.Length - high)..Math.Max(0, found.Length - low + 1)]),
        };
        await client.RunAsync($"SEARCH RETURN ({options}) {criteria.Text}");
        client.Saved = [.. kept];
    }

    private static async Task UseSavedAsync(FollowingClient client)
    {
        var response = (await client.RunAsync("UID SEARCH RETURN (ALL) $")).Single(static one => one.StartsWith("* ESEARCH (TAG \"T", StringComparison.Ordinal));
        uint[] found = response.Contains(" ALL ", StringComparison.Ordinal) ? [.. FollowingClient.Set(response.Split(" ALL ")[1])] : [];
        Assert.That(found, Is.SubsetOf(client.Saved));
        uint[] there = [.. (await client.LearnAsync()).Select(static message => message.Uid).Where(client.Saved.Contains)];
        Assert.That(there, Is.SubsetOf(found), "what is still there is still in '$'");
    }

    private static async Task CheckAsync(FollowingClient client, Random random)
    {
        var messages = await client.LearnAsync();
        foreach (var context in client.Contexts)
        {
            Assert.That(context.Result, Is.EqualTo(Found(context.Criteria, messages)), context.Criteria.Text);
        }

        var criteria = ModelCriteria.RandomFlags(random);
        uint[] found = [.. Found(criteria, messages)];
        int low = random.Next(1, 5), high = low + random.Next(10);
        var page = (await client.RunAsync($"UID SEARCH RETURN (PARTIAL {high}:{low}) {criteria.Text}"))[0];
        Assert.That(FollowingClient.Set(page.Split(' ')[^1].TrimEnd(')')), Is.EqualTo(found.Skip(low - 1).Take(high - low + 1)), criteria.Text);
        var fetched = await client.RunAsync($"UID FETCH 1:* UID (PARTIAL -{low}:-{high})");
        Assert.That(fetched.Count - 1, Is.EqualTo(Math.Max(0, Math.Min(high, messages.Count) - low + 1)));
    }

    private static IEnumerable<uint> Found(ModelCriteria criteria, List<(uint Uid, HashSet<string> Flags)> messages) => messages
        .Where((message, index) => criteria.Matches(new ModelMessage { Uid = message.Uid, Flags = message.Flags, Subject = "", From = "", Body = "", Received = default, Sent = default, Octets = [] }, index + 1))
        .Select(static message => message.Uid);
}
