using System.Diagnostics;
using MailCore.Load.Client;
using MailCore.Load.Report;
using MailCore.Load.Servers;

namespace MailCore.Load;

/// <summary>A server of a row, through all of the row's rounds: what was sent to it must be what it took.</summary>
internal sealed class Contender : IAsyncDisposable
{
    public const string Bare = "bare";
    public const string SmtpSink = "smtp-sink";
    public const string MailCore = "MailCore";
    public const string DataSync = "fdatasync";
    public const string Postfix = "Postfix";
    public const string DovecotLmtp = "Dovecot LMTP";
    public const string Connections = "MailCore's connections";

    private const int SmallMessage = 1024;
    private const int FewMethods = 3;
    private static readonly TimeSpan WarmUpRound = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(20);

    private long _sent;

    private Contender(IMailSink server) => Server = server;

    public IMailSink Server { get; }

    /// <summary>Takes charge of a server, which may hold messages already.</summary>
    public static async Task<Contender> OfAsync(IMailSink server, CancellationToken cancellationToken) =>
        new(server) { _sent = await server.CountAsync(cancellationToken) ?? 0 };

    /// <summary>Sends without measuring.</summary>
    public void Send(LoadRow row, int messages, ILoadClient client, CancellationToken cancellationToken)
    {
        client.Send(LoadTarget.Of(row, Server, messages), cancellationToken);
        _sent += messages;
    }

    /// <summary>
    /// Sends until the server's code is compiled for good: the runtime counts a method's calls, then compiles it anew in the
    /// background. Small messages come first, since it is calls that count.
    /// </summary>
    public async Task WarmUpAsync(LoadRow row, TimeSpan atLeast, ILoadClient client, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var small = row with { MessageSize = SmallMessage };
        var compiled = 0L;
        while (Stopwatch.GetElapsedTime(started) < LongestWarmUp)
        {
            var round = Stopwatch.GetTimestamp();
            do
            {
                Send(Stopwatch.GetElapsedTime(started) < atLeast / 2 ? small : row, 2 * row.Connections, client, cancellationToken);
            }
            while (Stopwatch.GetElapsedTime(round) < WarmUpRound);
            var before = compiled;
            compiled = await Server.ReadAsync(RuntimeFigure.Compiled, cancellationToken) ?? 0;
            if (Stopwatch.GetElapsedTime(started) >= atLeast && compiled - before <= FewMethods)
            {
                return;
            }
        }
    }

    public async Task<Sample> MeasureAsync(LoadRow row, int messages, ILoadClient client, CancellationToken cancellationToken)
    {
        var allocated = await Server.ReadAsync(RuntimeFigure.Allocated, cancellationToken);
        var before = Server.Usage;
        var run = client.Send(LoadTarget.Of(row, Server, messages), cancellationToken);
        var after = Server.Usage;
        _sent += messages;
        return new Sample(Server.Name, messages, run.Elapsed)
        {
            Cpu = after.Cpu - before.Cpu,
            PeakBytes = after.PeakBytes,
            AllocatedBytes = await Server.ReadAsync(RuntimeFigure.Allocated, cancellationToken) - allocated,
            Median = run.Percentile(0.5),
            Percentile99 = run.Percentile(0.99),
        };
    }

    /// <exception cref="IOException">The server has taken more or fewer messages than were sent.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (await Server.CountAsync(cancellationToken) is { } taken && taken != _sent)
        {
            throw new IOException($"{Server.Name} took {taken} messages of {_sent} sent.");
        }
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
