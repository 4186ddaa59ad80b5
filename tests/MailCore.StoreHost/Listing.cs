using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailCore.StoreHost;

/// <summary>"list folder ...": what each folder holds, a line "folder account name" for each message that is whole, and what is wrong.</summary>
internal static class Listing
{
    public static async Task RunAsync(string[] folders)
    {
        foreach (var folder in folders)
        {
            try
            {
                await using var store = SqliteMailStore.Open(folder);
                var accounts = new MailAccounts(store, new LocalChangeSignal(), TimeProvider.System);
                for (var i = 0; i < 3; i++)
                {
                    await ListAsync(folder, (await accounts.OpenAsync(new AccountId($"user{i}@example.org")))!);
                }

                Console.WriteLine($"{Path.GetFileName(folder)} END");
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                Console.WriteLine($"{Path.GetFileName(folder)} FAILED {e.Message}");
            }
        }
    }

    private static async Task ListAsync(string folder, MailAccount account)
    {
        var inbox = (await account.FindMailboxAsync(MailboxName.Inbox))!;
        var info = (await inbox.GetInfoAsync())!;
        Uid[] uids = [.. Enumerable.Range(1, (int)info.UidNext.Value - 1).Select(static uid => new Uid((uint)uid))];
        var count = 0L;
        await foreach (var row in inbox.ReadAsync(uids, MessageFields.Content))
        {
            await using var content = await inbox.OpenContentAsync(row with { Prefix = default }) ?? throw new InvalidOperationException("A message has no content.");
            var octets = new byte[content.Length];
            for (var read = 0; read < octets.Length;)
            {
                read += await content.ReadAsync(read, octets.AsMemory(read));
            }

            var name = NumberedMessage.NameOf(octets);
            var isWhole = octets.AsSpan().SequenceEqual(NumberedMessage.Make(name));
            Console.WriteLine($"{Path.GetFileName(folder)} {account.Id} {(isWhole ? name : "DAMAGED " + name)}");
            count++;
        }

        if (count != info.Messages)
        {
            throw new InvalidOperationException($"The mailbox counts {info.Messages} messages and has {count}.");
        }
    }
}
