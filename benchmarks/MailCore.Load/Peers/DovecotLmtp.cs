using MailCore.Load.Linux;
using MailCore.Load.Servers;

namespace MailCore.Load.Peers;

/// <summary>Dovecot's LMTP into Maildir, each message flushed before its reply.</summary>
internal sealed class DovecotLmtp : IMailSink
{
    private const int Accounts = 16;
    private readonly DovecotServer _server;
    private readonly string _folder;

    private DovecotLmtp(DovecotServer server, string folder) => (_server, _folder) = (server, folder);

    public string Name => _server.Name;

    public int Port => _server.Lmtp;

    public bool IsLmtp => true;

    public ProcessUsage Usage => _server.Usage;

    public static async Task<DovecotLmtp> StartAsync(string folder, CancellationToken cancellationToken)
    {
        DovecotServer.Seed(folder, Accounts, 0, 0);
        return new DovecotLmtp(await DovecotServer.StartAsync(Contender.DovecotLmtp, folder, Accounts, DovecotServices.Default, cancellationToken), folder);
    }

    public Task<long?> CountAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(
        Directory.EnumerateDirectories(Path.Combine(_folder, "mail")).Sum(maildir => Directory.EnumerateFiles(Path.Combine(maildir, "new")).LongCount()));

    public Task<long?> ReadAsync(RuntimeFigure figure, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
