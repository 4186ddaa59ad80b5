using System.Diagnostics;
using System.Text;
using MailCore.Storage;

namespace MailCore.LimitHost;

/// <summary>A mailbox with very many messages is filled, opened, altered and searched by rows.</summary>
internal static class RowsScenario
{
    private const int Batch = 1_000;

    public static async Task RunAsync(string folder, int rows)
    {
        await using var library = Library.Open(folder);
        var inbox = await library.OpenInboxAsync("large");
        var watch = Stopwatch.StartNew();
        await FillAsync(inbox, rows);
        Report.Print("fill-ms", watch.ElapsedMilliseconds);

        watch.Restart();
        var view = (await inbox.OpenViewAsync())!;
        Report.Print("open-ms", watch.ElapsedMilliseconds);
        Report.Print("rows", view.State.Count);

        var middle = Enumerable.Range(rows / 2, Batch).Select(static uid => new Uid((uint)uid)).ToList();
        var flagged = await inbox.SetFlagsAsync(middle, new FlagChange(FlagMode.Add, SystemFlags.Deleted));
        var expunged = await inbox.ExpungeAsync(middle);
        await view.RefreshAsync();
        Report.Print("flagged", flagged.Changed.Count);
        Report.Print("expunged", expunged.Expunged.Count);
        Report.Print("rows-after", view.State.Count);

        var last = (await inbox.ReadBatchAsync(new[] { new Uid((uint)rows) }, MessageFields.Content))[0];
        await using var content = await inbox.OpenContentAsync(last);
        Report.Print("last-octets", content!.Length);
        Report.PrintMemory();
    }

    private static async Task FillAsync(Mailbox inbox, int rows)
    {
        var staged = new List<StagedMessage>();
        try
        {
            for (var i = 0; i < Batch; i++)
            {
                var text = new MemoryStream(Encoding.ASCII.GetBytes($"From: a@example.org\r\nSubject: number {i:0000}\r\n\r\ntext\r\n"));
                staged.Add(await inbox.Account.StageAsync(text));
            }

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
            var copied = await inbox.CopyAsync(first.AsMemory(0, Math.Min(Batch, rows - filled)).ToArray(), inbox.Id);
            if (!copied.Succeeded)
                throw new InvalidOperationException($"The copy failed: {copied.Error}");
        }
    }
}
