using System.Diagnostics;
using System.Text;
using MailCore.Storage;

namespace MailCore.LimitHost;

/// <summary>A mailbox with very many messages is filled, opened, altered and read from.</summary>
internal static class RowsScenario
{
    private const int Batch = 1_000;

    public static async Task RunAsync(string folder, int rows)
    {
        await using var library = Library.Open(folder);
        var inbox = await library.OpenInboxAsync(new AccountId("large"));
        var watch = Stopwatch.StartNew();
        await FillAsync(library, inbox, rows);
        Report.Print("fill-ms", watch.ElapsedMilliseconds);

        watch.Restart();
        var view = (await inbox.OpenViewAsync())!;
        Report.Print("open-ms", watch.ElapsedMilliseconds);
        Report.Print("rows", view.State.Count);

        Uid[] middle = [.. Enumerable.Range(rows / 2, Batch).Select(static uid => new Uid((uint)uid))];
        var flagged = await inbox.SetFlagsAsync(middle, new FlagChange(FlagMode.Add, SystemFlags.Deleted));
        var expunged = await inbox.ExpungeAsync(middle);
        await view.RefreshAsync();
        Report.Print("flagged", flagged.Changed.Count);
        Report.Print("expunged", expunged.Expunged.Count);
        Report.Print("rows-after", view.State.Count);

        var last = (await inbox.ReadBatchAsync(new[] { new Uid((uint)rows) }, MessageFields.All))[0];
        await using var content = await inbox.OpenContentAsync(last);
        var text = new byte[content!.Length];
        await content.ReadAsync(0, text);
        Report.Print("last", Encoding.ASCII.GetString(text).Split("\r\n")[1]);
        Report.PrintMemory();
    }

    private static async Task FillAsync(Library library, Mailbox inbox, int rows)
    {
        var staged = new List<StagedMessage>();
        try
        {
            for (var i = 1; i <= Batch; i++)
                staged.Add(await library.StageAsync(Encoding.ASCII.GetBytes($"From: a@example.org\r\nSubject: number {i}\r\n\r\ntext\r\n")));

            await inbox.AppendAsync([.. staged.Select(static message => new MessageToAppend(message, AppendOptions.Default))]);
        }
        finally
        {
            foreach (var message in staged)
                await message.DisposeAsync();
        }

        Uid[] first = [.. Enumerable.Range(1, Batch).Select(static uid => new Uid((uint)uid))];
        for (var filled = Batch; filled < rows; filled += Batch)
        {
            var copied = await inbox.CopyAsync(first[..Math.Min(Batch, rows - filled)], inbox.Id);
            if (!copied.Succeeded)
                throw new InvalidOperationException($"The copy failed: {copied.Error}");
        }
    }
}
