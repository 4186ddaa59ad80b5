using System.Diagnostics;
using System.Text;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.LimitHost;

/// <summary>Very many accounts are made, get a message each, and are read.</summary>
internal static class AccountsScenario
{
    private const int Batch = 250;

    public static async Task RunAsync(string folder, int count)
    {
        await using var library = Library.Open(folder);
        var watch = Stopwatch.StartNew();
        foreach (var batch in Enumerable.Range(0, count).Chunk(Batch))
            await Task.WhenAll(batch.Select(i => library.Directory.CreateAsync(EmailAddress.Parse($"user{i}@example.org"), null, CancellationToken.None).AsTask()));

        var accounts = new List<AccountId>();
        await foreach (var account in library.Directory.ListAsync(CancellationToken.None))
            accounts.Add(account.Id);

        Report.Print("accounts", accounts.Count);
        Report.Print("make-ms", watch.ElapsedMilliseconds);

        watch.Restart();
        await using var staged = await library.StageAsync(Encoding.ASCII.GetBytes("Subject: to all\r\n\r\ntext\r\n"));
        var delivered = 0;
        foreach (var batch in accounts.Chunk(Batch))
            delivered += await DeliverAsync(library, staged, batch);

        Report.Print("delivered", delivered);
        Report.Print("deliver-ms", watch.ElapsedMilliseconds);

        var read = 0;
        foreach (var account in accounts)
            read += (await (await library.OpenInboxAsync(account)).OpenViewAsync())!.State.Count;

        Report.Print("read", read);
        Report.PrintMemory();
    }

    private static async Task<int> DeliverAsync(Library library, StagedMessage staged, AccountId[] accounts)
    {
        var batches = new List<ChangeBatch>();
        foreach (var account in accounts)
        {
            var inbox = await library.OpenInboxAsync(account);
            batches.Add(new ChangeBatch(account, [
                new AppendMessage(inbox.Id, staged.Content, default, default, [], DateTimeOffset.UnixEpoch, staged.Summary)]));
        }

        return (await library.Accounts.CommitAsync(batches)).Count(static result => result.Error == CommitError.None);
    }
}
