using System.Globalization;
using MailCore.Load.Linux;
using MailCore.Load.Servers;

namespace MailCore.Load.Outbound;

/// <summary>MailCore in <see cref="RelayHost"/>'s process.</summary>
internal sealed class MailCoreOutbound(OwnServer process) : IOutboundServer
{
    public string Name => Contender.MailCore;

    public ProcessUsage Usage => process.Usage;

    public static async Task<MailCoreOutbound> StartAsync(string folder, int sink, CancellationToken cancellationToken) => new(await OwnServer.StartAsync(
        Contender.MailCore, ["relay", "--data", folder, "--sink", sink.ToString(CultureInfo.InvariantCulture)], cancellationToken));

    public Task<long?> AllocatedAsync(CancellationToken cancellationToken) => process.ReadAsync(RuntimeFigure.Allocated, cancellationToken);

    public Task FillAsync(int messages, int size, CancellationToken cancellationToken) =>
        process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"fill {messages} {size}"), "filled", cancellationToken);

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReleaseAsync(CancellationToken cancellationToken) => process.AskAsync("release", "released", cancellationToken);

    public async Task<bool> IsEmptyAsync(CancellationToken cancellationToken) => await process.AskAsync("waiting", "waiting", cancellationToken) == 0;

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
