namespace MailCore.Load.Servers;

/// <summary>A server under load: a child process of the driver that takes SMTP on a loopback port. Disposing ends it.</summary>
internal interface IMailSink : IAsyncDisposable
{
    string Name { get; }

    int ProcessId { get; }

    int Port { get; }

    /// <summary>Messages answered with 250 since the start, as the server counts them; null from a server that only counts when started to.</summary>
    Task<long?> CountAsync(CancellationToken cancellationToken);

    /// <summary>Octets of managed memory allocated since the start; null where there is no such thing.</summary>
    Task<long?> AllocatedAsync(CancellationToken cancellationToken);
}
