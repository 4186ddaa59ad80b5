using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Testing.NUnit.Storage;
using MailCore.Testing.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Storage.InMemory;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InMemoryMailStoreTests : MailStoreConformanceFixture
{
    protected override Task<IConformanceTarget> CreateAsync(ConformanceOptions options) => Task.FromResult<IConformanceTarget>(new MemoryTarget());
}

internal sealed class MemoryTarget : IConformanceTarget
{
    public MemoryTarget() => Memory = new InMemoryMailStore(Clock);

    public InMemoryMailStore Memory { get; }

    public IMailStore Store => Memory;

    public ManualTimeProvider Clock { get; } = new();

    public ValueTask<int?> CountContentsAsync() => ValueTask.FromResult<int?>(Memory.ContentCount);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
