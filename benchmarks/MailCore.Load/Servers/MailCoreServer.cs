using System.Globalization;
using System.Net;
using MailCore.Hosting;
using MailCore.Load.Client;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MailCore.Load.Servers;

/// <summary>MailCore as a host would configure it, with a store or with a handler that drops what it is given.</summary>
internal sealed class MailCoreServer
{
    private const int Accounts = 16;
    private const int WrongUsage = 2;
    private readonly ServiceProvider _services;
    private readonly BareProtocol _bare = new();
    private readonly bool _stores;
    private long _dropped;

    private MailCoreServer(string sink, string? folder)
    {
        _stores = sink == "durable";
        var services = new ServiceCollection();
        services.AddMailServer(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.Options.MaxConnectionsPerAddress = mail.Options.MaxConnections;
            if (sink == "net")
            {
                mail.Listen(0, endpoint => endpoint.UseProtocol(_bare));
                return;
            }

            var smtp = mail.ListenSmtp(0);
            smtp.UseCleartext();
            if (!_stores)
            {
                smtp.OnMessage(Drop);
                mail.Services.AddSingleton<IMessageStaging, DiscardStaging>();
                return;
            }

            mail.UseSqliteStore(folder!);
            for (var i = 0; i < Accounts; i++)
            {
                mail.AddAccount(Address(i));
            }
        });
        _services = services.BuildServiceProvider();
    }

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        string? sink = null, folder = null;
        for (var i = 0; i + 1 < arguments.Count; i += 2)
        {
            switch (arguments[i])
            {
                case "--sink":
                    sink = arguments[i + 1];
                    break;
                case "--data":
                    folder = arguments[i + 1];
                    break;
            }
        }

        if (sink is not ("discard" or "durable" or "net") || (sink == "durable" && folder is null))
        {
            await Console.Error.WriteLineAsync("Usage: serve --sink discard | serve --sink net | serve --sink durable --data DIR");
            return WrongUsage;
        }

        var server = new MailCoreServer(sink, folder);
        await using var services = server._services;
        foreach (var hosted in services.GetServices<IHostedService>())
        {
            await hosted.StartAsync(CancellationToken.None);
        }

        await ServerConsole.RunAsync(services.GetRequiredService<MailServer>().Endpoints[0].Port, server.AnswerAsync);
        return 0;
    }

    private static string Address(int account) => string.Create(CultureInfo.InvariantCulture, $"u{account}@example.org");

    private ValueTask<SmtpReply> Drop(Envelope envelope, Stream message, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _dropped);
        return ValueTask.FromResult(SmtpReply.Ok);
    }

    private async Task<string> AnswerAsync(IReadOnlyList<string> question)
    {
        if (question is ["verify", var size])
        {
            return $"verified {await CountWholeAsync(int.Parse(size, CultureInfo.InvariantCulture))}";
        }

        return $"taken {(_stores ? await CountStoredAsync() : Volatile.Read(ref _dropped) + _bare.Taken)}";
    }

    private async Task<long> CountStoredAsync()
    {
        var count = 0L;
        await foreach (var inbox in InboxesAsync())
        {
            count += (await inbox.GetInfoAsync())!.Messages;
        }

        return count;
    }

    private async Task<long> CountWholeAsync(int size)
    {
        var expected = new LoadMessage(size);
        var numbers = new HashSet<long>();
        await foreach (var inbox in InboxesAsync())
        {
            var state = (await inbox.OpenViewAsync())!.State;
            var uids = state.Range(0, state.Count).Select(row => row.Uid).ToArray();
            await foreach (var row in inbox.ReadAsync(uids, MessageFields.Content))
            {
                await using var content = (await inbox.OpenContentAsync(row))!;
                using var octets = new MemoryStream();
                await content.AsStream().CopyToAsync(octets);
                if (expected.IsWhole(octets.GetBuffer().AsSpan(0, (int)octets.Length), out var number))
                {
                    numbers.Add(number);
                }
            }
        }

        return numbers.Count;
    }

    private async IAsyncEnumerable<Mailbox> InboxesAsync()
    {
        var directory = _services.GetRequiredService<IMailDirectory>();
        var accounts = _services.GetRequiredService<MailAccounts>();
        await foreach (var account in directory.ListAsync(CancellationToken.None))
        {
            if (await accounts.OpenAsync(account.Id) is { } open && await open.FindMailboxAsync(MailboxName.Inbox) is { } inbox)
            {
                yield return inbox;
            }
        }
    }
}
