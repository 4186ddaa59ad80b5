using MailCore.Testing;
using NUnit.Framework;

[assembly: Parallelizable(ParallelScope.All)]
[assembly: LevelOfParallelism(16)]

namespace EmailFlowTests.NUnit;

/// <summary>One server for all tests, which run at the same time.</summary>
[SetUpFixture]
public sealed class MailFixture
{
    public static TestMailServer Mail { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => Mail = await TestMailServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await Mail.DisposeAsync();
}
