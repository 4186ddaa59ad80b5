using MailCore.Load.Linux;

namespace MailCore.Load.Outbound;

/// <summary>A server with a durable queue whose only way out leads to a sink.</summary>
internal interface IOutboundServer : IAsyncDisposable
{
    string Name { get; }

    /// <summary>What its processes have used so far.</summary>
    ProcessUsage Usage { get; }

    /// <summary>Octets of managed memory allocated so far; null where there is none.</summary>
    Task<long?> AllocatedAsync(CancellationToken cancellationToken);

    /// <summary>Queues messages that wait until they are released.</summary>
    Task FillAsync(int messages, int size, CancellationToken cancellationToken);

    /// <summary>What may be done before the clock starts.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Lets everything go.</summary>
    Task ReleaseAsync(CancellationToken cancellationToken);

    Task<bool> IsEmptyAsync(CancellationToken cancellationToken);
}
