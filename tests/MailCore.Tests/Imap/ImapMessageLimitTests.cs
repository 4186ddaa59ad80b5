using System.Globalization;
using MailCore.Imap;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>RFC 9738: random commands against what is to be left out; the words are in the scripts messagelimit, messagelimit-codes and savelimit.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapMessageLimitTests
{
    private const int Messages = 200;
    private const int Steps = 60;

    [Test]
    public async Task A_client_that_goes_on_where_the_code_says_has_everything([Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        // Around a batch of the store's, too.
        var limit = random.Next(3) switch { 0 => random.Next(1, 10), 1 => random.Next(62, 67), _ => random.Next(100, 210) };
        await using var server = new ImapTestServer { Options = { MessageLimit = limit } };
        var uids = await FillAsync(server, random);
        await using var client = await server.SelectedAsync();
        for (var step = 0; step < Steps; step++)
        {
            uint low = (uint)random.Next(1, Messages + 1), high = (uint)random.Next((int)low, Messages + 1);
            uint[] named = [.. uids.Where(uid => uid >= low && uid <= high)];
            var (command, told) = random.Next(5) switch
            {
                0 => ("UID FETCH {0} UID", "FETCH"),
                1 => ("UID FETCH {0} (UID INTERNALDATE)", "FETCH"),
                2 => ("UID FETCH {0} (UID BODY[1] BINARY.SIZE[1])", "FETCH"),
                3 => ($"UID STORE {{0}} {(random.Next(2) == 0 ? "+" : "-")}FLAGS (\\Flagged)", "FETCH"),
                _ => ("UID SEARCH UID {0}", "SEARCH"),
            };
            Assert.That(await GoOnAsync(client, command, told, (low, high), limit), Is.EqualTo(named.Reverse()), $"{command} of {low}:{high} by {limit}");
        }
    }

    [Test]
    public async Task Moves_and_expunges_repeated_come_to_an_end([Values(1, 63, 64, 65, 500)] int limit)
    {
        await using var server = new ImapTestServer { Options = { MessageLimit = limit } };
        var uids = await FillAsync(server, new Random(1));
        await server.MailboxAsync("Other");
        await using var client = await server.SelectedAsync();
        var moved = new List<uint>();
        for (var isCut = true; isCut;)
        {
            var responses = await client.OkAsync("UID MOVE 50:150 Other");
            moved.AddRange(Copied(responses));
            isCut = responses[^1].Contains("MESSAGELIMIT", StringComparison.Ordinal);
            Assert.That(responses.Count(static line => line.EndsWith(" EXPUNGE", StringComparison.Ordinal)), Is.InRange(0, limit));
        }

        Assert.That(moved.Order(), Is.EqualTo(uids.Where(static uid => uid is >= 50 and <= 150)));
        var expunged = 0;
        for (var isCut = true; isCut;)
        {
            await client.OkAsync("UID STORE 1:* +FLAGS.SILENT (\\Deleted)");
            var responses = await client.OkAsync("UID EXPUNGE 1:*");
            expunged += responses.Count(static line => line.EndsWith(" EXPUNGE", StringComparison.Ordinal));
            isCut = expunged < uids.Count - moved.Count;
        }

        Assert.That((await client.OkAsync("STATUS INBOX (MESSAGES)"))[0], Is.EqualTo("* STATUS INBOX (MESSAGES 0)"));
    }

    [TestCase(null, null, true)]
    [TestCase(1, null, true)]
    [TestCase(0, null, false)]
    [TestCase(null, 0, false)]
    [TestCase(-1, 5, false)]
    public void A_limit_is_a_positive_number_or_none(int? messages, int? saves, bool isValid) =>
        Assert.That(() => new ImapOptions { MessageLimit = messages, SaveLimit = saves }, isValid ? Throws.Nothing : Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public async Task Without_a_limit_nothing_is_announced_and_everything_done()
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, new Random(1));
        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("CAPABILITY"))[0], Does.Not.Contain("LIMIT=3").And.Not.Contain("MESSAGELIMIT").And.Not.Contain("SAVELIMIT"));
        Assert.That((await client.OkAsync("FETCH 1:* UID"))[^1], Does.EndWith(" OK Fetched"));
    }

    // As RFC 9738 3.1 has it: the same again, without what the code says is done. Gives back what was told, in order.
    private static async Task<List<uint>> GoOnAsync(ImapTestClient client, string command, string told, (uint Low, uint High) range, int limit)
    {
        var all = new List<uint>();
        while (true)
        {
            var responses = await client.OkAsync(string.Format(CultureInfo.InvariantCulture, command, $"{range.Low}:{range.High}"));
            List<uint> here = told == "SEARCH"
                ? [.. responses[0].Split(' ').Skip(2).Select(Number).Reverse()]
                : [.. responses.Where(static line => line.Contains(" FETCH (UID ", StringComparison.Ordinal)).Select(static line => Number(line.Split(" FETCH (UID ")[1].Split(' ', ')')[0]))];
            if (responses[^1].Split("[MESSAGELIMIT ") is not [_, var code])
            {
                Assert.That(here, Has.Count.LessThanOrEqualTo(limit));
                all.AddRange(here.OrderDescending());
                return all;
            }

            Assert.That(here, Has.Count.EqualTo(limit).And.Ordered.Descending);
            all.AddRange(here);
            Assert.That(code.Split(']')[0], Is.EqualTo(string.Create(CultureInfo.InvariantCulture, $"{limit} {here[^1]}")));
            range = (range.Low, here[^1] - 1);
        }
    }

    private static IEnumerable<uint> Copied(IReadOnlyList<string> responses) => responses
        .Where(static line => line.StartsWith("* OK [COPYUID ", StringComparison.Ordinal))
        .SelectMany(static line => Search.FollowingClient.Set(line.Split(' ')[4]));

    private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

    // With holes.
    private static async Task<List<uint>> FillAsync(ImapTestServer server, Random random)
    {
        await server.AddUserAsync();
        var all = new List<uint>();
        for (var i = 0; i < Messages; i++)
        {
            all.Add((await server.AppendAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray())).Value);
        }

        var gone = all.Where(_ => random.Next(4) == 0).ToHashSet();
        await (await server.MailboxAsync()).RemoveAsync([.. gone.Select(static uid => new MailCore.Storage.Uid(uid))]);
        return [.. all.Where(uid => !gone.Contains(uid))];
    }
}
