using MailCore.Load.Client;
using MailCore.Load.Linux;
using MailCore.Load.Peers;
using MailCore.Load.Report;
using MailCore.Load.Servers;

namespace MailCore.Load;

/// <summary>Measures one row: correctness, warm-up, then interleaved rounds.</summary>
internal sealed class RowRun(LoadRow row, LoadOptions options, string dataFolder)
{
    private const int CheckedMessages = 200;
    private readonly SmtpLoadClient _own = new();
    private readonly ILoadClient _client = options.Client == LoadClientKind.SmtpSource ? new SmtpSourceClient() : new SmtpLoadClient();
    private readonly int _messages = options.Quick ? Math.Max(row.Connections, row.Messages / 10) : row.Messages;

    /// <exception cref="IOException">A server failed, lost messages, or the machine was never quiet.</exception>
    public async Task<RowResult> RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(dataFolder);
        using var disk = row.Sink == SinkKind.Durable ? new DataSync(dataFolder, row.MessageSize) : null;
        var contenders = new List<Contender>();
        try
        {
            foreach (var start in Starts())
            {
                await CheckAsync(start, cancellationToken);
                contenders.Add(await Contender.OfAsync(await start(false, cancellationToken), cancellationToken));
            }

            foreach (var contender in contenders)
            {
                await contender.WarmUpAsync(row, TimeSpan.FromSeconds(options.Quick ? 1 : 4), _own, cancellationToken);
                await contender.CheckAsync(cancellationToken);
            }

            var result = await RunRoundsAsync(contenders, disk, cancellationToken);
            foreach (var contender in contenders)
            {
                await contender.CheckAsync(cancellationToken);
            }

            return result;
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.DisposeAsync();
            }

            Directory.Delete(dataFolder, recursive: true);
        }
    }

    private IEnumerable<Func<bool, CancellationToken, Task<IMailSink>>> Starts() => row.Sink switch
    {
        SinkKind.Discard =>
        [
            async (_, cancellation) => await OwnServer.StartAsync(Contender.Bare, ["bare"], cancellation),
            async (counting, cancellation) => await SmtpSink.StartAsync(counting, cancellation),
            async (_, cancellation) => await OwnServer.StartAsync(Contender.MailCore, ["serve", "--sink", options.Engine ? "discard" : "net"], cancellation),
        ],
        _ when row.WithPeers => [StartDurable, StartPostfix, StartDovecot],
        _ => [StartDurable],
    };

    private async Task<IMailSink> StartDurable(bool counting, CancellationToken cancellationToken) =>
        await OwnServer.StartAsync(Contender.MailCore, ["serve", "--sink", "durable", "--data", Folder("mailcore")], cancellationToken);

    private async Task<IMailSink> StartPostfix(bool counting, CancellationToken cancellationToken) =>
        await PostfixServer.StartAsync(Folder("postfix"), cancellationToken);

    private async Task<IMailSink> StartDovecot(bool counting, CancellationToken cancellationToken) =>
        await DovecotLmtp.StartAsync(Folder("dovecot"), cancellationToken);

    // Postfix and Dovecot have users of their own.
    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(dataFolder, name)).FullName;

    private async Task CheckAsync(Func<bool, CancellationToken, Task<IMailSink>> start, CancellationToken cancellationToken)
    {
        await using (var contender = await Contender.OfAsync(await start(true, cancellationToken), cancellationToken))
        {
            contender.Send(row, CheckedMessages, _own, cancellationToken);
            await contender.CheckAsync(cancellationToken);
            await VerifyStoredAsync(contender.Server, cancellationToken);
        }

        if (row.Sink == SinkKind.Durable && start == StartDurable)
        {
            await using var restarted = await start(true, cancellationToken);
            await VerifyStoredAsync(restarted, cancellationToken);
        }
    }

    private async Task VerifyStoredAsync(IMailSink server, CancellationToken cancellationToken)
    {
        if (row.Sink == SinkKind.Durable && server is OwnServer own && await own.VerifyAsync(row.MessageSize, cancellationToken) is var whole and not CheckedMessages)
        {
            throw new IOException($"Of {CheckedMessages} messages sent, the store gives {whole} back whole.");
        }
    }

    private async Task<RowResult> RunRoundsAsync(List<Contender> contenders, DataSync? disk, CancellationToken cancellationToken) =>
        new(row, await new RoundsRun(row.Name, options.Rounds, () => OwnCpu(contenders)).RunAsync(async number =>
        {
            // A disk may have a burst to give and be slow after it: asked before and behind, it tells what the server had on average.
            var before = disk?.Measure(cancellationToken);
            var samples = await RunRoundAsync(contenders, number, cancellationToken);
            if (before is not null)
            {
                samples.Insert(0, DataSync.Join(before, disk!.Measure(cancellationToken)));
            }

            return samples;
        }));

    private async Task<List<Sample>> RunRoundAsync(List<Contender> contenders, int number, CancellationToken cancellationToken)
    {
        var samples = new List<Sample>();
        // Each round begins with another one, so that none always follows the same neighbour's heat.
        for (var i = 0; i < contenders.Count; i++)
        {
            samples.Add(await contenders[(i + number) % contenders.Count].MeasureAsync(row, _messages, _client, cancellationToken));
        }

        samples.Sort((left, right) => Place(contenders, left).CompareTo(Place(contenders, right)));
        return samples;
    }

    private static int Place(List<Contender> contenders, Sample sample) => contenders.FindIndex(contender => contender.Server.Name == sample.Contender);

    private static TimeSpan OwnCpu(List<Contender> contenders) =>
        contenders.Aggregate(ProcessUsage.ReadSelfAndEnded(), (sum, contender) => sum + contender.Server.Usage.Cpu);
}
