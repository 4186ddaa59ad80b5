using MailCore.Load.Servers;

namespace MailCore.Load.Client;

/// <summary>Where a load goes and how much of it there is.</summary>
internal sealed record LoadTarget(int Port, int MessageSize, int Connections, bool Kept, int Messages)
{
    public bool IsLmtp { get; private init; }

    public static LoadTarget Of(LoadRow row, IMailSink server, int messages) =>
        new(server.Port, row.MessageSize, Math.Min(row.Connections, messages), row.Kept, messages) { IsLmtp = server.IsLmtp };
}

/// <summary>What a client saw. Latencies run from sending MAIL to the reply after the message, sorted; empty where the client gives none.</summary>
internal sealed record ClientRun(TimeSpan Elapsed, IReadOnlyList<TimeSpan> Latencies)
{
    /// <summary>The latency that the share of messages stays within; null without latencies.</summary>
    public TimeSpan? Percentile(double share) =>
        Latencies.Count == 0 ? null : Latencies[Math.Min(Latencies.Count - 1, (int)(share * Latencies.Count))];
}

internal interface ILoadClient
{
    /// <summary>Sends all messages and returns when each was answered with 250. Blocks.</summary>
    /// <exception cref="IOException">The server refused, closed or stalled; the message says where.</exception>
    ClientRun Send(LoadTarget target, CancellationToken cancellationToken);
}
