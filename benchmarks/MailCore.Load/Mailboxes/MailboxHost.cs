using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using MailCore.Hosting;
using MailCore.Load.Servers;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MailCore.Load.Mailboxes;

/// <summary>The "mailboxes" mode: MailCore with the durable store, IMAP and POP3 in cleartext.</summary>
internal static class MailboxHost
{
    public const string Password = "a-password";
    private const int WrongUsage = 2;
    private const int SeedBatch = 500;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var hasTextIndex = arguments.Contains("--text-index");
        var forgetsKeys = arguments.Contains("--forget-keys");
        if (arguments.Except(["--text-index", "--forget-keys"]).ToArray() is not ["--data", var folder, "--accounts", var count] || !int.TryParse(count, CultureInfo.InvariantCulture, out var accounts))
        {
            await Console.Error.WriteLineAsync("Usage: mailboxes --data DIR --accounts N [--text-index] [--forget-keys]");
            return WrongUsage;
        }

        var collection = new ServiceCollection();
        collection.AddMailServer(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.Options.MaxConnectionsPerAddress = mail.Options.MaxConnections;
            mail.UseSqliteStore(folder, options => options.FullTextSearch = hasTextIndex);
            var imap = mail.ListenImap(0);
            imap.UseCleartext().AllowCleartextAuthentication();
            imap.Options.SortMemory = forgetsKeys ? 0 : imap.Options.SortMemory;
            mail.ListenPop3(0).UseCleartext().AllowCleartextAuthentication();
            for (var i = 0; i < accounts; i++)
            {
                mail.AddAccount(Address(i), Password);
            }
        });
        await using var services = collection.BuildServiceProvider();
        foreach (var hosted in services.GetServices<IHostedService>())
        {
            await hosted.StartAsync(CancellationToken.None);
        }

        var endpoints = services.GetRequiredService<MailServer>().Endpoints;
        await ServerConsole.RunAsync(endpoints["imap"].Port, async question => question switch
        {
            ["seed", var messages, var size] => await SeedAsync(services, Number(messages), Number(size)),
            [var name] => string.Create(CultureInfo.InvariantCulture, $"{name} {endpoints[name].Port}"),
            _ => "unknown 0",
        });
        return 0;
    }

    public static string Address(int account) => string.Create(CultureInfo.InvariantCulture, $"u{account}@example.org");

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<string> SeedAsync(IServiceProvider services, int messages, int size)
    {
        var directory = services.GetRequiredService<IMailDirectory>();
        var accounts = services.GetRequiredService<MailAccounts>();
        var seeded = 0;
        await foreach (var entry in directory.ListAsync(CancellationToken.None))
        {
            var account = await accounts.OpenAsync(entry.Id);
            var inbox = await account!.FindMailboxAsync(MailboxName.Inbox);
            for (var first = 0; first < messages; first += SeedBatch)
            {
                await AppendAsync(accounts, inbox!, Enumerable.Range(first, Math.Min(SeedBatch, messages - first)), size);
            }

            seeded += messages;
        }

        await services.GetRequiredService<SqliteMailStore>().IndexTextAsync();
        return string.Create(CultureInfo.InvariantCulture, $"seeded {seeded}");
    }

    private static async Task AppendAsync(MailAccounts accounts, Mailbox inbox, IEnumerable<int> numbers, int size)
    {
        var batch = new List<MessageToAppend>();
        foreach (var number in numbers)
        {
            using var octets = new MemoryStream(SeedMessage.Create(number, size));
            var staged = await accounts.StageAsync(PipeReader.Create(octets), new StageHint(size, [inbox.Account.Id]));
            batch.Add(new MessageToAppend(staged, AppendOptions.Default with { Flags = SeedMessage.FlagsOf(number) }));
        }

        var result = await inbox.AppendAsync(batch);
        if (result.Error != CommitError.None)
        {
            throw new IOException($"Seeding failed: {result.Error}.");
        }

        foreach (var message in batch)
        {
            await message.Message.DisposeAsync();
        }
    }
}
