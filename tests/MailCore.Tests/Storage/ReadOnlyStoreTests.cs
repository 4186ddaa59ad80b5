using MailCore.Storage;
using MailCore.Testing;
using MailCore.Testing.NUnit.Storage;
using MailCore.Testing.Storage;
using MailCore.Tests.Storage.InMemory;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

/// <summary>A store that can only be read passes the part of the suite that is about reading, and runs no other.</summary>
[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadOnlyStoreTests : MailStoreConformanceFixture
{
    [Test]
    public void The_part_it_runs_is_not_empty() =>
        Assert.That(MailStoreConformance.Cases.Count(static conformance => conformance.Requires == StoreTraits.None), Is.GreaterThan(10));

    protected override Task<IConformanceTarget> CreateAsync(ConformanceOptions options) =>
        Task.FromResult<IConformanceTarget>(new ReadOnlyTarget(static inner => new ReadOnlyStore(inner)));
}

/// <summary>An application's archive: it adds messages by itself, and clients can't change anything.</summary>
internal sealed class ReadOnlyStore(IMailStore inner) : StoreWrapper(inner)
{
    public override StoreTraits Traits => StoreTraits.FaithfulContent;

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = new List<CommitResult>();
        foreach (var batch in batches)
        {
            var refused = batch.Changes.Index().FirstOrDefault(static change => change.Item is not (ClaimRecent or PutSummary), (-1, null!)).Index;
            results.Add(refused < 0 ? (await Inner.CommitAsync([batch], cancellationToken))[0] : new CommitResult(CommitError.NotSupported, refused, null, []));
        }

        return results;
    }
}

/// <summary>What the application adds goes past the store's commits.</summary>
internal sealed class ReadOnlyTarget(Func<IMailStore, IMailStore> wrap) : IConformanceTarget
{
    private readonly MemoryTarget _target = new();
    private IMailStore? _store;

    public IMailStore Store => _store ??= wrap(_target.Store);

    public ManualTimeProvider Clock => _target.Clock;

    public async ValueTask<bool> AddMessagesAsync(AccountId account, int count)
    {
        var inbox = (await (await _target.Store.OpenAsync(account, default))!.SnapshotAsync(default)).Mailboxes[0].Id;
        for (var i = 0; i < count; i++)
        {
            await using var content = await _target.Store.StageAsync(
                System.IO.Pipelines.PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>("Subject: archived\r\n\r\nbody\r\n"u8.ToArray())), default, default);
            await _target.Store.CommitAsync(
                [new ChangeBatch(account, [new AppendMessage(inbox, content, "p: q\r\n"u8.ToArray(), SystemFlags.None, [], Clock.GetUtcNow(), default)])], default);
        }

        return true;
    }

    public ValueTask<int?> CountContentsAsync() => _target.CountContentsAsync();

    public ValueTask DisposeAsync() => _target.DisposeAsync();
}
