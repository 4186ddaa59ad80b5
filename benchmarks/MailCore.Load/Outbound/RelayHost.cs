using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using MailCore.Hosting;
using MailCore.Load.Client;
using MailCore.Load.Servers;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MailCore.Load.Outbound;

/// <summary>The "relay" mode: MailCore's durable queue, which leads to a sink.</summary>
internal sealed class RelayHost(IServiceProvider services, IRelayQueue queue, int sink)
{
    private const int WrongUsage = 2;
    private const int Writers = 32;
    private static readonly EmailAddress Sender = EmailAddress.Parse("load@client.example");
    private static readonly EmailAddress Recipient = EmailAddress.Parse("u0@example.org");
    private long _number;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not ["--data", var folder, "--sink", var port] || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var sink))
        {
            await Console.Error.WriteLineAsync("Usage: relay --data DIR --sink PORT");
            return WrongUsage;
        }

        var collection = new ServiceCollection();
        collection.AddMailServer(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.UseSqliteStore(folder);
            mail.ListenSmtp(0).UseCleartext();
            mail.UseRelay();
            mail.RelayClient.SmartHosts.Default = new SmartHost { Host = "127.0.0.1", Port = sink };
        });
        await using var services = collection.BuildServiceProvider();
        var server = services.GetRequiredService<MailServer>();
        foreach (var hosted in services.GetServices<IHostedService>())
        {
            await hosted.StartAsync(CancellationToken.None);
        }

        await ServerConsole.RunAsync(server.Endpoints[0].Port, new RelayHost(services, server.Relay!.Queue, sink).AnswerAsync);
        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private async Task<string> AnswerAsync(IReadOnlyList<string> question)
    {
        switch (question)
        {
            case ["fill", var messages, var size]:
                await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => FillAsync((Number(messages) + writer) / Writers, Number(size))));
                return $"filled {messages}";
            case ["release"]:
                var released = await queue.ChangeAsync(QueueFilter.All, QueueAction.Release, CancellationToken.None);
                return string.Create(CultureInfo.InvariantCulture, $"released {released}");
            case ["waiting"]:
                return string.Create(CultureInfo.InvariantCulture, $"waiting {queue.Measure().Sum(static lane => lane.Items)}");
            default:
                return "unknown 0";
        }
    }

    private async Task FillAsync(int messages, int size)
    {
        var message = new LoadMessage(size);
        var staging = services.GetRequiredService<IMessageStaging>();
        for (var i = 0; i < messages; i++)
        {
            var number = Interlocked.Increment(ref _number);
            using var octets = new MemoryStream(message.Number(number)[..^3].ToArray());
            await using var staged = await staging.StageAsync(PipeReader.Create(octets), new StageHint(size, []), CancellationToken.None);
            var now = DateTimeOffset.UtcNow;
            await queue.EnqueueAsync(
                new QueueEntry
                {
                    QueueId = number.ToString("X12", CultureInfo.InvariantCulture),
                    Session = new MailSessionInfo { ConnectionId = "load", Protocol = "ESMTP", ServerName = "mx.example.org" },
                    Envelope = new Envelope(new ReversePath(Sender)),
                    Recipients = [new QueueRecipient(new Recipient(Recipient), NextHop.Smtp("127.0.0.1", sink))],
                    AcceptedAt = now,
                    Alarm = now + TimeSpan.FromHours(4),
                    IsHeld = true,
                },
                staged.Content,
                CancellationToken.None);
        }
    }
}
