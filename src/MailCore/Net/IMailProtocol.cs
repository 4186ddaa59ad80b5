namespace MailCore.Net;

/// <summary>A protocol engine, shared by all connections of an endpoint and so without state of any one of them.</summary>
public interface IMailProtocol
{
    /// <summary>Lower-case name for logs and metrics: "smtp", "imap".</summary>
    string Name { get; }

    /// <summary>
    /// Serves one connection until the client leaves. When <paramref name="stopping"/> fires the command at hand is finished and
    /// the client is told (421, * BYE). The caller disposes the connection. A broken connection ends in an
    /// <see cref="IOException"/>; any other exception is a bug and is logged as one.
    /// </summary>
    Task RunAsync(MailConnection connection, CancellationToken stopping);

    /// <summary>What a client gets instead of a greeting when the server has no place for it; a whole line.</summary>
    ReadOnlyMemory<byte> BusyGreeting { get; }
}
