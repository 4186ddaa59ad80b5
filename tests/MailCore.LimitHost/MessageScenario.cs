using System.Security.Cryptography;
using MailCore.Storage;
using MailCore.Tests.Corpus;

namespace MailCore.LimitHost;

/// <summary>One very large message is appended and read back; what that allocates is counted.</summary>
internal static class MessageScenario
{
    public static async Task RunAsync(string folder, long octets)
    {
        await using var library = Library.Open(folder);
        var inbox = await library.OpenInboxAsync(new AccountId("bob"));
        // What is loaded and compiled at the first use belongs to no message.
        await CarryAsync(inbox, MessageCorpus.Attachment(1024 * 1024));

        var message = MessageCorpus.Attachment(octets);
        Report.Print("octets", message.Length);
        Report.Print("same", await CarryAsync(inbox, message));
        Report.PrintMemory();
    }

    private static async Task<bool> CarryAsync(Mailbox inbox, CorpusMessage message)
    {
        var buffer = new byte[64 * 1024];
        var start = GC.GetTotalAllocatedBytes(precise: true);
        AppendResult appended;
        await using (var input = message.Open())
            appended = await inbox.AppendAsync(input);

        Report.Print("allocated-in", GC.GetTotalAllocatedBytes(precise: true) - start);
        start = GC.GetTotalAllocatedBytes(precise: true);
        var row = (await inbox.ReadBatchAsync(appended.Uids.ToArray(), MessageFields.All))[0];
        byte[] came;
        await using (var content = (await inbox.OpenContentAsync(row))!.AsStream())
            came = await HashAsync(content, buffer);

        Report.Print("allocated-out", GC.GetTotalAllocatedBytes(precise: true) - start);
        await using var original = message.Open();
        var went = await HashAsync(original, buffer);
        return came.SequenceEqual(went);
    }

    private static async Task<byte[]> HashAsync(Stream stream, byte[] buffer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0)
            hash.AppendData(buffer, 0, count);

        return hash.GetHashAndReset();
    }
}
