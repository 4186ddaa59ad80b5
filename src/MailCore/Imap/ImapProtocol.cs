using MailCore.Imap.Mailboxes;
using MailCore.Imap.Metadata;
using MailCore.Net;

namespace MailCore.Imap;

/// <summary>The IMAP4rev1 engine (RFC 3501) of one endpoint.</summary>
public sealed class ImapProtocol : IMailProtocol
{
    private readonly ImapOptions _options;
    private readonly ImapServices _services;
    private readonly ImapCommandTable _commands;
    private readonly ImapMetrics _metrics;
    private readonly MetadataSources _metadata;
    private readonly AccountSessions _sessions = new();

    /// <summary>Serves by these options with these services.</summary>
    /// <exception cref="ArgumentException">Namespaces can't be told apart, or a command or metadata entry of the host's own has a name that can't be, or that is taken.</exception>
    public ImapProtocol(ImapOptions options, ImapServices services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        (_options, _services) = (options, services);
        MailboxNamespaces.Check(options);
        _commands = new ImapCommandTable(services.Extensions);
        _metadata = new MetadataSources(options, services.Metadata);
        _metrics = new ImapMetrics(services.Meters);
    }

    /// <inheritdoc/>
    public string Name => "imap";

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> BusyGreeting { get; } = "* BYE [UNAVAILABLE] Too many connections, try later\r\n"u8.ToArray();

    /// <inheritdoc/>
    public async Task RunAsync(MailConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using var session = new ImapSession(_services, _options, connection, stopping)
        {
            Commands = _commands,
            Metrics = _metrics,
            Sessions = _sessions,
            Metadata = _metadata,
        };
        _metrics.SessionBegins();
        try
        {
            await session.RunAsync();
        }
        catch (OperationCanceledException error) when (connection.Closed.IsCancellationRequested)
        {
            throw new IOException("The connection was aborted.", error);
        }
        catch (InvalidDataException error) when (session.IsCompressed)
        {
            throw new IOException("What the client sent can't be inflated.", error);
        }
        finally
        {
            _metrics.SessionEnds();
        }
    }
}
