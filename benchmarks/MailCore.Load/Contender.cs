using MailCore.Load.Client;
using MailCore.Load.Linux;
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

    private long _sent;

    private Contender(IMailSink server) => Server = server;

    public IMailSink Server { get; }

    /// <summary>Takes charge of a server, which may hold messages already.</summary>
    public static async Task<Contender> OfAsync(IMailSink server, CancellationToken cancellationToken) =>
        new(server) { _sent = await server.CountAsync(cancellationToken) ?? 0 };

    /// <summary>Sends without measuring.</summary>
    public void Send(LoadRow row, int messages, ILoadClient client, CancellationToken cancellationToken)
    {
        client.Send(LoadTarget.Of(row, Server.Port, messages), cancellationToken);
        _sent += messages;
    }

    public async Task<Sample> MeasureAsync(LoadRow row, int messages, ILoadClient client, CancellationToken cancellationToken)
    {
        var allocated = await Server.AllocatedAsync(cancellationToken);
        var before = ProcessUsage.Read(Server.ProcessId);
        var run = client.Send(LoadTarget.Of(row, Server.Port, messages), cancellationToken);
        var after = ProcessUsage.Read(Server.ProcessId);
        _sent += messages;
        return new Sample(Server.Name, messages, run.Elapsed)
        {
            Cpu = after.Cpu - before.Cpu,
            PeakBytes = after.PeakBytes,
            AllocatedBytes = await Server.AllocatedAsync(cancellationToken) - allocated,
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
