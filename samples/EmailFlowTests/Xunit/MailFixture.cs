using MailCore.Testing;
using Xunit;

namespace EmailFlowTests.Xunit;

/// <summary>A server for each class of tests; classes run at the same time.</summary>
public sealed class MailFixture : IAsyncLifetime
{
    public TestMailServer Mail { get; private set; } = null!;

    public async Task InitializeAsync() => Mail = await TestMailServer.StartAsync();

    public async Task DisposeAsync() => await Mail.DisposeAsync();
}
