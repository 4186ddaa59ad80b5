using MailCore.Load.Linux;

namespace MailCore.Load.Servers;

/// <summary>A server under load: a child process of the driver that takes SMTP on a loopback port. Disposing ends it.</summary>
internal interface IMailSink : IAsyncDisposable
{
    string Name { get; }

    /// <summary>What its processes have used so far.</summary>
    ProcessUsage Usage { get; }

    int Port { get; }

    /// <summary>Whether it wants to be greeted by LHLO.</summary>
    bool IsLmtp => false;

    /// <summary>Messages answered with 250 since the start, as the server counts them; null from a server that only counts when started to.</summary>
    Task<long?> CountAsync(CancellationToken cancellationToken);

    /// <summary>What the server's .NET runtime has done since the start; null where there is none.</summary>
    Task<long?> ReadAsync(RuntimeFigure figure, CancellationToken cancellationToken);
}

internal enum RuntimeFigure
{
    /// <summary>Octets of managed memory allocated.</summary>
    Allocated,

    /// <summary>Methods compiled, each time one is compiled again included.</summary>
    Compiled,
}
