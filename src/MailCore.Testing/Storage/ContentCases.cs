using System.IO.Pipelines;
using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class ContentCases
{
    private static readonly int[] Sizes = [0, 1, 2, 4095, 4096, 4097, 65535, 65536, 65537, 131_072, 5 * 1024 * 1024];

    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Octets_come_out_as_they_went_in, StoreTraits.FaithfulContent),
        Case(Every_octet_value_and_line_ending_is_kept, StoreTraits.FaithfulContent),
        Case(Ranges_start_and_end_anywhere, StoreTraits.FaithfulContent),
        Case(Many_read_one_content_at_once),
        Case(An_empty_pipe_is_an_empty_message),
    ];

    public static byte[] Octets(int size, int seed)
    {
        var octets = new byte[size];
        new Random(seed).NextBytes(octets);
        return octets;
    }

    private static async Task Octets_come_out_as_they_went_in(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        foreach (var size in Sizes)
        {
            var octets = Octets(size, size);
            foreach (var announced in new long?[] { size, null, size == 0 ? 100_000 : 0 })
            {
                var content = await s.StageAsync(octets, announced);
                Check.Equal(size, content.Length, "Octets staged");
                var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
                await content.DisposeAsync();
                var row = await s.ReadOneAsync(inbox, uid);
                Check.Octets(octets, await s.ContentAsync(row.Content), $"{size} octets, {announced?.ToString() ?? "none"} announced");
            }
        }
    }

    private static async Task Every_octet_value_and_line_ending_is_kept(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        byte[][] messages =
        [
            [.. Enumerable.Range(0, 256).Select(static i => (byte)i)],
            "no final line end"u8.ToArray(), "bare\nline\nfeeds\n"u8.ToArray(), "bare\rreturns\r"u8.ToArray(), "\r\n.\r\n"u8.ToArray(),
            "..dots\r\n"u8.ToArray(), "\0"u8.ToArray(), "From mbox\r\n"u8.ToArray(), [0xEF, 0xBB, 0xBF, 0xFF, 0xFE, 0xC3, 0x28],
        ];
        foreach (var message in messages)
        {
            await using var content = await s.StageAsync(message);
            var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { Prefix = message })).NewUids[0];
            var row = await s.ReadOneAsync(inbox, uid);
            Check.Octets(message, row.Prefix, "Prefix");
            Check.Octets(message, await s.ContentAsync(row.Content), "Content");
        }
    }

    private static async Task Ranges_start_and_end_anywhere(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var octets = Octets(300_000, 1);
        await using var content = await s.StageAsync(octets);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        await using var reader = await s.OpenContentAsync((await s.ReadOneAsync(inbox, uid)).Content);
        Check.Equal(octets.Length, reader.Length, "Length");
        var random = new Random(2);
        int[] edges = [0, 1, 4095, 4096, 65535, 65536, 65537, 299_999, 300_000, 300_001, int.MaxValue];
        for (var i = 0; i < 400; i++)
        {
            var from = i < edges.Length ? edges[i] : random.Next(octets.Length);
            var buffer = new byte[random.Next(1, 100_000)];
            var count = await reader.ReadAsync(from, buffer, default);
            if (from >= octets.Length)
            {
                Check.Equal(0, count, $"Octets read from {from}");
                continue;
            }

            Check.That(count > 0 && count <= Math.Min(buffer.Length, octets.Length - from), $"{count} octets read from {from} into {buffer.Length}.");
            Check.Octets(octets.AsMemory(from, count), buffer.AsMemory(0, count), $"Octets from {from}");
        }
    }

    private static async Task Many_read_one_content_at_once(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var octets = Octets(200_000, 3);
        await using var content = await s.StageAsync(octets);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        var id = (await s.ReadOneAsync(inbox, uid)).Content;
        octets = s.IsFaithful ? octets : await s.ContentAsync(id);
        await using var shared = await s.OpenContentAsync(id);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            await using var own = await s.OpenContentAsync(id);
            Check.Octets(octets, await StoreProbe.ReadAllAsync(own, 1000 * (i + 1)), "A reader of its own");
            Check.Octets(octets, await StoreProbe.ReadAllAsync(shared, 700 * (i + 1)), "A shared reader");
        })));
    }

    private static async Task An_empty_pipe_is_an_empty_message(StoreProbe s)
    {
        var pipe = new Pipe();
        await pipe.Writer.CompleteAsync();
        await using var empty = await s.Store.StageAsync(pipe.Reader, default, default);
        Check.Equal(0L, empty.Length, "Octets staged of an empty pipe");
    }
}
