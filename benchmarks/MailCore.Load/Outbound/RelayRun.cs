using System.Diagnostics;
using MailCore.Load.Linux;
using MailCore.Load.Report;
using MailCore.Load.Servers;

namespace MailCore.Load.Outbound;

/// <summary>How a row went.</summary>
internal sealed record RelayResult(RelayRow Row, Rounds Rounds);

/// <summary>
/// Measures one row: a full queue is let go, and time runs until the sink has the last message. CPU time counts until the queue is
/// empty. Both servers send to the same sink, one after the other.
/// </summary>
internal sealed class RelayRun(RelayRow row, LoadOptions options, string folder)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly int _messages = options.Quick ? row.Messages / 10 : row.Messages;
    private long _sent;

    /// <exception cref="IOException">A server failed, or sent more or fewer messages than it had.</exception>
    public async Task<RelayResult> RunAsync(CancellationToken cancellationToken)
    {
        var servers = new List<IOutboundServer>();
        await using var sink = await SmtpSink.StartAsync(counting: true, cancellationToken);
        try
        {
            servers.Add(await MailCoreOutbound.StartAsync(Folder("mailcore"), sink.Port, cancellationToken));
            servers.Add(await PostfixOutbound.StartAsync(Folder("postfix"), sink.Port, cancellationToken));
            foreach (var server in servers)
            {
                await MeasureAsync(server, sink, cancellationToken);
            }

            var rounds = await new RoundsRun(row.Name, options.Rounds, () => Cpu(servers, sink)).RunAsync(async number =>
            {
                var samples = new Sample[servers.Count];
                for (var i = 0; i < servers.Count; i++)
                {
                    var place = (i + number) % servers.Count;
                    samples[place] = await MeasureAsync(servers[place], sink, cancellationToken);
                }

                return [.. samples];
            });
            return new RelayResult(row, rounds);
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

    private static TimeSpan Cpu(List<IOutboundServer> servers, SmtpSink sink) =>
        servers.Aggregate(ProcessUsage.ReadSelfAndEnded() + sink.Usage.Cpu, static (sum, server) => sum + server.Usage.Cpu);

    // Postfix has users of its own.
    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

    private async Task<Sample> MeasureAsync(IOutboundServer server, SmtpSink sink, CancellationToken cancellationToken)
    {
        await server.FillAsync(_messages, row.MessageSize, cancellationToken);
        await server.PrepareAsync(cancellationToken);
        _sent += _messages;
        var arrived = sink.WhenCounted(_sent);
        var allocated = await server.AllocatedAsync(cancellationToken);
        var before = server.Usage;
        var started = Stopwatch.GetTimestamp();
        await server.ReleaseAsync(cancellationToken);
        var last = await arrived.WaitAsync(Patience, cancellationToken);
        while (!await server.IsEmptyAsync(cancellationToken))
        {
            if (Stopwatch.GetElapsedTime(last) > Patience)
            {
                throw new IOException($"{server.Name} has sent everything, and its queue is not empty.");
            }

            await Task.Delay(Pause, cancellationToken);
        }

        var after = server.Usage;
        if (await sink.CountAsync(cancellationToken) is var count && count != _sent)
        {
            throw new IOException($"{server.Name}: smtp-sink has {count} messages, and should have {_sent}.");
        }

        return new Sample(server.Name, _messages, Stopwatch.GetElapsedTime(started, last))
        {
            Cpu = after.Cpu - before.Cpu,
            PeakBytes = after.PeakBytes,
            AllocatedBytes = await server.AllocatedAsync(cancellationToken) - allocated,
        };
    }
}
