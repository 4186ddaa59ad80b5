using System.Globalization;
using System.Text;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>RFC 10022, where there are messages enough to divide; the words are in the script uidbatches.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapUidBatchesTests
{
    [TestCase(500, "500:1")]
    [TestCase(501, "501:2,1:1")]
    [TestCase(1000, "1000:501,500:1")]
    [TestCase(1001, "1001:502,501:2,1:1")]
    public async Task A_batch_is_full_before_another_begins(int messages, string ranges)
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, messages);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("UIDBATCHES 500"))[0], Is.EqualTo($"* UIDBATCHES (TAG \"T2\") {ranges}"));
    }

    [Test]
    public async Task Every_message_is_in_one_batch_whatever_has_been_expunged([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        await using var server = new ImapTestServer();
        await FillAsync(server, 2_600);
        var inbox = await server.MailboxAsync();
        await using var before = await server.SelectedAsync();
        await inbox.RemoveAsync([.. Enumerable.Range(1, 2_600).Where(_ => random.Next(4) == 0).Select(static uid => new Uid((uint)uid))]);
        await using var client = await server.SelectedAsync();
        uint[] uids = [.. (await client.OkAsync("UID SEARCH ALL"))[0].Split(' ').Skip(2).Select(Number)];
        var size = random.Next(500, 800);
        var batches = await BatchesAsync(client, $"UIDBATCHES {size}");
        Assert.That(batches, Has.Count.EqualTo((uids.Length + size - 1) / size));
        Assert.That(batches.SelectMany(static batch => new[] { batch.High, batch.Low }), Is.Ordered.Descending);
        Assert.That(batches[^1].Low, Is.EqualTo(1), "the last says that it is");
        for (var i = 0; i < batches.Count; i++)
        {
            var (high, low) = batches[i];
            Assert.That(uids.Count(uid => uid <= high && uid >= low), Is.EqualTo(i < batches.Count - 1 ? size : uids.Length - (i * size)));
        }

        var (from, to) = (random.Next(1, batches.Count + 1), random.Next(0, 3));
        Assert.That(await BatchesAsync(client, $"UIDBATCHES {size} {from}:{from + to}"), Is.EqualTo(batches.Skip(from - 1).Take(to + 1)));
        Assert.That(await BatchesAsync(client, $"UIDBATCHES {size} {batches.Count + 1}:4294967295"), Is.Empty);
        Assert.That(await BatchesAsync(client, "UIDBATCHES 4294967295 4294967295:4294967295"), Is.Empty);
        await ClientThatHasNotBeenToldAsync(before, uids, size);
    }

    // It counts what is gone too: none of its batches has more than it asked for.
    private static async Task ClientThatHasNotBeenToldAsync(ImapTestClient client, uint[] uids, int size)
    {
        var response = (await client.OkAsync($"UIDBATCHES {size}")).Single(static line => line.StartsWith("* UIDBATCHES", StringComparison.Ordinal));
        var batches = Parse(response);
        Assert.That(batches.Sum(batch => uids.Count(uid => uid <= batch.High && uid >= batch.Low)), Is.EqualTo(uids.Length));
        Assert.That(batches.Max(batch => uids.Count(uid => uid <= batch.High && uid >= batch.Low)), Is.LessThanOrEqualTo(size));
    }

    private static async Task<List<(uint High, uint Low)>> BatchesAsync(ImapTestClient client, string command) => Parse((await client.OkAsync(command))[0]);

    private static List<(uint High, uint Low)> Parse(string response) =>
        [.. response.Split(' ').Skip(4).SelectMany(static ranges => ranges.Split(',')).Select(static range => range.Split(':')).Select(static ends => (Number(ends[0]), Number(ends[1])))];

    private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

    private static async Task FillAsync(ImapTestServer server, int messages)
    {
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        for (var left = messages; left > 0; left -= 650)
        {
            await client.OkAsync("APPEND INBOX" + new StringBuilder().Insert(0, " {1+}\r\nx", Math.Min(left, 650)));
        }
    }
}
