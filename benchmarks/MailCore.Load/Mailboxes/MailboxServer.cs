using System.Globalization;
using MailCore.Load.Linux;
using MailCore.Load.Servers;

namespace MailCore.Load.Mailboxes;

/// <summary>A server whose mailboxes are read: a child process of the driver, or a family of them. Disposing ends it and keeps its mail.</summary>
internal interface IMailboxServer : IAsyncDisposable
{
    string Name { get; }

    int Imap { get; }

    int Pop3 { get; }

    ProcessUsage Usage { get; }

    /// <summary>Managed memory allocated since the start; null where there is none.</summary>
    Task<long?> AllocatedAsync(CancellationToken cancellationToken);
}

/// <summary>This program's "mailboxes" mode.</summary>
internal sealed class OwnMailboxServer : IMailboxServer
{
    private readonly OwnServer _server;

    private OwnMailboxServer(OwnServer server) => _server = server;

    public string Name => _server.Name;

    public int Imap { get; private init; }

    public int Pop3 { get; private init; }

    public ProcessUsage Usage => _server.Usage;

    public static async Task<OwnMailboxServer> StartAsync(string folder, Boxes boxes, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "mailboxes", "--data", folder, "--accounts", boxes.Accounts.ToString(CultureInfo.InvariantCulture),
            .. boxes.HasTextIndex ? ["--text-index"] : Array.Empty<string>(),
            .. boxes.ForgetsKeys ? ["--forget-keys"] : Array.Empty<string>(),
        ];
        var server = await OwnServer.StartAsync(Contender.MailCore, arguments, cancellationToken);
        return new OwnMailboxServer(server)
        {
            Imap = (int)await server.AskAsync("imap", "imap", cancellationToken),
            Pop3 = (int)await server.AskAsync("pop3", "pop3", cancellationToken),
        };
    }

    public async Task SeedAsync(int messages, int size, CancellationToken cancellationToken) =>
        await _server.AskAsync(string.Create(CultureInfo.InvariantCulture, $"seed {messages} {size}"), "seeded", cancellationToken);

    public async Task<long?> AllocatedAsync(CancellationToken cancellationToken) => await _server.ReadAsync(RuntimeFigure.Allocated, cancellationToken);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
