using MailCore.Net;

namespace MailCore.Tests.Hosting;

/// <summary>A protocol that is one function.</summary>
internal sealed class TestProtocol(Func<MailConnection, CancellationToken, Task> run) : IMailProtocol
{
    public string Name => "test";

    public ReadOnlyMemory<byte> BusyGreeting { get; } = "busy\r\n"u8.ToArray();

    public Task RunAsync(MailConnection connection, CancellationToken stopping) => run(connection, stopping);
}
