using System.Diagnostics;
using MailCore.Load.Client;
using MailCore.Load.Linux;
using MailCore.Load.Peers;

namespace MailCore.Load.Outbound;

/// <summary>Postfix, whose SMTP server puts everything on hold. "postsuper -H" moves it to the deferred queue, which "postqueue -f" flushes.</summary>
internal sealed class PostfixOutbound(PostfixServer postfix) : IOutboundServer
{
    private const int Connections = 16;
    private static readonly string[] Queues = ["incoming", "active", "deferred", "hold"];
    private readonly SmtpLoadClient _client = new();

    public string Name => Contender.Postfix;

    public ProcessUsage Usage => postfix.Usage;

    public static async Task<PostfixOutbound> StartAsync(string folder, int sink, CancellationToken cancellationToken) =>
        new(await PostfixServer.StartRelayAsync(folder, sink, cancellationToken));

    public Task<long?> AllocatedAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public Task FillAsync(int messages, int size, CancellationToken cancellationToken)
    {
        _client.Send(new LoadTarget(postfix.Port, size, Math.Min(Connections, messages), Kept: true, messages), cancellationToken);
        return Task.CompletedTask;
    }

    public Task PrepareAsync(CancellationToken cancellationToken) => RunAsync("postsuper", ["-c", postfix.Settings, "-H", "ALL"], cancellationToken);

    public Task ReleaseAsync(CancellationToken cancellationToken) => RunAsync("postqueue", ["-c", postfix.Settings, "-f"], cancellationToken);

    public Task<bool> IsEmptyAsync(CancellationToken cancellationToken) => Task.FromResult(!Queues
        .Select(queue => Path.Combine(postfix.Queue, queue))
        .Any(static folder => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any()));

    public ValueTask DisposeAsync() => postfix.DisposeAsync();

    private static async Task RunAsync(string tool, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(PostfixTool.Find(tool), arguments) { RedirectStandardError = true })!;
        var complaint = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new IOException($"{tool}: {complaint.Trim()}");
        }
    }
}
