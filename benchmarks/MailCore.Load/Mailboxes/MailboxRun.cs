using System.Diagnostics;
using MailCore.Load.Client;
using MailCore.Load.Linux;
using MailCore.Load.Peers;
using MailCore.Load.Report;

namespace MailCore.Load.Mailboxes;

/// <summary>How a row went.</summary>
internal sealed record MailboxResult(MailboxRow Row, Rounds Rounds);

/// <summary>Measures one row: the same mailboxes in every server, warm-up, then interleaved rounds.</summary>
internal sealed class MailboxRun(MailboxRow row, LoadOptions options, string folder)
{
    public const string Dovecot = "Dovecot";
    public const string DovecotReused = "Dovecot, re-used";

    private readonly int _repetitions = options.Quick ? Math.Max(1, row.Repetitions / 10) : row.Repetitions;

    /// <exception cref="IOException">A server failed, or one answered with other octets than the rest.</exception>
    public async Task<MailboxResult> RunAsync(CancellationToken cancellationToken)
    {
        var starts = Starts(cancellationToken).ToArray();
        await SeedAsync(cancellationToken);
        var servers = new List<IMailboxServer>();
        try
        {
            foreach (var start in starts)
            {
                servers.Add(await start());
                WarmUp(servers[^1], cancellationToken);
            }

            var rounds = await new RoundsRun(row.Name, options.Rounds, () => Cpu(servers)).RunAsync(async number =>
            {
                var samples = new Sample[servers.Count];
                for (var i = 0; i < servers.Count; i++)
                {
                    var place = (i + number) % servers.Count;
                    if (row.Restarts)
                    {
                        await servers[place].DisposeAsync();
                        servers[place] = await starts[place]();
                    }

                    samples[place] = await MeasureAsync(servers[place], cancellationToken);
                }

                return [.. samples];
            });
            return new MailboxResult(row, rounds);
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    private static TimeSpan Cpu(List<IMailboxServer> servers) =>
        servers.Aggregate(ProcessUsage.ReadSelfAndEnded(), static (sum, server) => sum + server.Usage.Cpu);

    private string FolderOf(string name) => Path.Combine(folder, name.Replace(", ", "-", StringComparison.Ordinal).ToLowerInvariant());

    private IEnumerable<Func<Task<IMailboxServer>>> Starts(CancellationToken cancellationToken)
    {
        yield return async () => await OwnMailboxServer.StartAsync(FolderOf(Contender.MailCore), row.Boxes, cancellationToken);
        if (row.WithDovecot)
        {
            yield return async () => await DovecotServer.StartAsync(Dovecot, FolderOf(Dovecot), row.Boxes.Accounts, DovecotServices.Default, cancellationToken);
        }

        if (row.WithReuse)
        {
            yield return async () => await DovecotServer.StartAsync(DovecotReused, FolderOf(DovecotReused), row.Boxes.Accounts, DovecotServices.Reused, cancellationToken);
        }
    }

    private async Task SeedAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await Console.Error.WriteLineAsync($"{row.Name}: filling {row.Boxes.Accounts} mailboxes with {row.Boxes.Messages} messages each");
        await using (var own = await OwnMailboxServer.StartAsync(FolderOf(Contender.MailCore), row.Boxes, cancellationToken))
        {
            await own.SeedAsync(row.Boxes.Messages, row.Boxes.MessageSize, cancellationToken);
        }

        if (row.WithDovecot)
        {
            DovecotServer.Seed(FolderOf(Dovecot), row.Boxes.Accounts, row.Boxes.Messages, row.Boxes.MessageSize);
        }

        if (row.WithReuse)
        {
            DovecotServer.Seed(FolderOf(DovecotReused), row.Boxes.Accounts, row.Boxes.Messages, row.Boxes.MessageSize);
        }
    }

    // Both a fresh mailbox and the runtime's compiler need a few times of everything.
    private void WarmUp(IMailboxServer server, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        do
        {
            Run(server, Math.Max(row.Connections, _repetitions / 4), cancellationToken);
        }
        while (!row.Restarts && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(options.Quick ? 1 : 5));
    }

    private async Task<Sample> MeasureAsync(IMailboxServer server, CancellationToken cancellationToken)
    {
        var allocated = await server.AllocatedAsync(cancellationToken);
        var before = server.Usage;
        var started = Stopwatch.GetTimestamp();
        var work = Run(server, _repetitions, cancellationToken);
        var run = new ClientRun(Stopwatch.GetElapsedTime(started, work.LastAnswer), work.Latencies());
        var after = server.Usage;
        return new Sample(server.Name, work.Operations, run.Elapsed)
        {
            Cpu = after.Cpu - before.Cpu,
            PeakBytes = after.PeakBytes,
            AllocatedBytes = await server.AllocatedAsync(cancellationToken) - allocated,
            Median = run.Percentile(0.5),
            Percentile99 = run.Percentile(0.99),
            ReceivedBytes = work.Received,
        };
    }

    private DialogWork Run(IMailboxServer server, int repetitions, CancellationToken cancellationToken)
    {
        if (row.Idles)
        {
            return IdleRun.Run(server.Imap, row.Connections, repetitions, cancellationToken);
        }

        var work = new DialogWork(repetitions);
        var port = row.Protocol == MailboxProtocol.Imap ? server.Imap : server.Pop3;
        var connections = Enumerable.Range(0, Math.Min(row.Connections, repetitions))
            .Select(number => new DialogConnection(work, row.Dialog(number % row.Boxes.Accounts), port))
            .ToArray();
        try
        {
            foreach (var connection in connections)
            {
                connection.Open();
            }

            PollLoop.Run(connections, cancellationToken);
            return work;
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection.Dispose();
            }
        }
    }
}
