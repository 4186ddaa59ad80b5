using System.Globalization;
using System.IO.Pipelines;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailCore.StoreHost;

/// <summary>
/// "fill folder count [name=value ...]": appends numbered messages to several accounts, some of them to all at once, with flags and
/// expunges between, and says "ACK name" when a commit has returned.
/// </summary>
internal sealed class Filling(SqliteMailStore store, string prefix, FileStream? answers)
{
    private const int Accounts = 3;

    // Summaries are made as a server makes them.
    private readonly MailAccounts _accounts = new(store, new LocalChangeSignal(), TimeProvider.System);

    public static async Task RunAsync(string folder, int count, string[] words)
    {
        var settings = words.Select(static word => word.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
        var options = new SqliteStoreOptions { WriteAheadLimit = 1024 * 1024, SurvivesPowerLoss = settings.GetValueOrDefault("flush", "yes") == "yes" };
        await using var store = SqliteMailStore.Open(folder, options);
        Console.WriteLine("OPEN");
        // A file of its own, where a tracer can tell answers from the rest.
        await using var answers = settings.TryGetValue("answers", out var path) ? new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1) : null;
        var filling = new Filling(store, settings.GetValueOrDefault("prefix", "m"), answers);
        var drivers = int.Parse(settings.GetValueOrDefault("drivers", "1"), CultureInfo.InvariantCulture);
        var from = int.Parse(settings.GetValueOrDefault("from", "0"), CultureInfo.InvariantCulture);
        await Task.WhenAll(Enumerable.Range(0, drivers).Select(driver => Task.Run(() => filling.DriveAsync(from + driver, drivers, count))));
        Console.WriteLine("DONE");
    }

    private async Task DriveAsync(int first, int step, int end)
    {
        for (var i = first; i < end; i += step)
        {
            await AppendAsync(i);
        }
    }

    private async Task AppendAsync(int number)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{prefix}.{number}");
        var reader = PipeReader.Create(new(NumberedMessage.Make(name)));
        await using var message = await _accounts.StageAsync(reader, default);
        await reader.CompleteAsync();
        Console.WriteLine($"STAGED {name}");

        // Every fifth message is for all accounts.
        var batches = new List<ChangeBatch>();
        for (var i = 0; i < Accounts; i++)
        {
            if (number % 5 == 4 || number % Accounts == i)
            {
                batches.Add(await MakeBatchAsync(new AccountId($"user{i}@example.org"), message, name));
            }
        }

        var results = await _accounts.CommitAsync(batches);
        if (results.Any(static result => result.Error != CommitError.None))
        {
            throw new InvalidOperationException("A batch was rejected.");
        }

        answers?.Write("ACK\n"u8);
        Console.WriteLine($"ACK {name} {batches.Count}");
    }

    private async Task<ChangeBatch> MakeBatchAsync(AccountId id, StagedMessage message, string name)
    {
        var account = await _accounts.OpenAsync(id);
        var inbox = await account!.FindMailboxAsync(MailboxName.Inbox);
        var append = new AppendMessage(inbox!.Id, message.Content, "Delivered-To: somebody\r\n"u8.ToArray(), SystemFlags.Seen, ["$Label1"], DateTimeOffset.UnixEpoch, message.Summary)
        {
            DeliveryKey = name,
        };
        return new ChangeBatch(id, [append]);
    }
}
