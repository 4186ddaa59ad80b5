using System.Globalization;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>Random criteria, nested, over random messages: the answers are those of asking each message the slow and obvious way.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSearchReferenceTests
{
    private const int Messages = 120;
    private const int Searches = 150;

    [Test]
    public async Task In_memory([Range(1, 4)] int seed)
    {
        await using var server = new ImapTestServer();
        await RunAsync(server, seed, static () => Task.CompletedTask);
    }

    [Test]
    public async Task In_sqlite([Values] bool hasIndex, [Range(1, 2)] int seed)
    {
        using var folder = new SqliteTestFolder();
        await using var store = SqliteMailStore.Open(folder.Path, new SqliteStoreOptions { FullTextSearch = hasIndex });
        await using var server = new ImapTestServer();
        server.UseStore(store);
        await RunAsync(server, seed, () => hasIndex ? store.IndexTextAsync() : Task.CompletedTask);
    }

    private static async Task RunAsync(ImapTestServer server, int seed, Func<Task> index)
    {
        var random = new Random(seed);
        await server.AddUserAsync();
        var messages = new List<ModelMessage>();
        for (var i = 0; i < Messages; i++)
        {
            var message = ModelMessage.Make(random);
            message.Uid = (await server.AppendAsync(message.Octets, message.Options)).Value;
            messages.Add(message);
        }

        // So that UIDs are not numbers, and some segments of the store have holes.
        await ExpungeSomeAsync(server, messages, random);
        await index();
        await using var client = await server.SelectedAsync();
        for (var i = 0; i < Searches; i++)
        {
            var criteria = ModelCriteria.Random(random, messages);
            int[] expected = [.. Enumerable.Range(1, messages.Count).Where(number => criteria.Matches(messages[number - 1], number))];
            var found = await client.OkAsync($"SEARCH CHARSET UTF-8 {criteria.Text}");
            Assert.That(Numbers(found[0]), Is.EqualTo(expected), criteria.Text);
            await CheckPagesAsync(client, criteria, expected, random);
        }
    }

    private static async Task CheckPagesAsync(ImapTestClient client, ModelCriteria criteria, int[] expected, Random random)
    {
        int low = random.Next(1, 9), high = low + random.Next(40);
        var first = (await client.OkAsync($"SEARCH RETURN (PARTIAL {low}:{high}) CHARSET UTF-8 {criteria.Text}"))[0];
        Assert.That(Set(first.Split(' ')[^1]), Is.EqualTo(expected.Skip(low - 1).Take(high - low + 1)), criteria.Text);
        var last = (await client.OkAsync($"SEARCH RETURN (PARTIAL -{high}:-{low} COUNT MIN) CHARSET UTF-8 {criteria.Text}"))[0];
        var page = last.Split(" PARTIAL (")[1].Split(')')[0].Split(' ')[1];
        Assert.That(Set(page), Is.EqualTo(expected.Reverse().Skip(low - 1).Take(high - low + 1).Reverse()), criteria.Text);
        Assert.That(last, Does.EndWith($" COUNT {expected.Length}"));
    }

    private static async Task ExpungeSomeAsync(ImapTestServer server, List<ModelMessage> messages, Random random)
    {
        var gone = messages.Where(_ => random.Next(5) == 0).ToList();
        await (await server.MailboxAsync()).RemoveAsync([.. gone.Select(static message => new MailCore.Storage.Uid(message.Uid))]);
        gone.ForEach(message => messages.Remove(message));
    }

    private static IEnumerable<int> Numbers(string response) =>
        response.Split(' ').Skip(2).Select(static number => int.Parse(number, CultureInfo.InvariantCulture));

    private static IEnumerable<int> Set(string text) => text.TrimEnd(')') is "NIL" ? [] : text.TrimEnd(')').Split(',').SelectMany(static range =>
    {
        var ends = range.Split(':').Select(static end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
    });
}
