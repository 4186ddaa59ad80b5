using MailCore.Relay;
using MailCore.Storage;
using MailCore.Testing.Relay;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

/// <summary>The conformance suite rejects queues that do it wrong.</summary>
[TestFixture]
internal sealed class WrongQueueTests
{
    private static IEnumerable<TestCaseData> Wrongs()
    {
        TestCaseData Wrong(string name, Func<IRelayQueue, IRelayQueue> wrap) => new TestCaseData(wrap).SetArgDisplayNames(name);
        yield return Wrong("loses what it is given", static queue => new Wrapped(queue) { OnEnqueue = static (_, _) => default });
        yield return Wrong("takes a repeat again", static queue => new Wrapped(queue) { OnEnqueue = (entry, content) => queue.EnqueueAsync(entry with { QueueId = entry.QueueId + Guid.NewGuid().ToString("N") }, content, default) });
        yield return Wrong("gives leased items again", static queue => new Wrapped(queue) { RepeatsLeases = true });
        yield return Wrong("knows no full destinations", static queue => new Wrapped(queue) { OnLease = request => queue.LeaseAsync(request with { Full = new HashSet<string>() }, default) });
        yield return Wrong("knows no resting destinations", static queue => new Wrapped(queue) { OnLease = request => queue.LeaseAsync(request with { Resting = new HashSet<string>() }, default) });
        yield return Wrong("knows no shares", static queue => new Wrapped(queue) { OnLease = request => queue.LeaseAsync(request with { MaxPerDestination = request.Max }, default) });
        yield return Wrong("retries at once after a lost lease", static queue => new Wrapped(queue) { OnLease = request => queue.LeaseAsync(request with { Delay = static _ => TimeSpan.Zero }, default) });
        yield return Wrong("forgets remaining recipients", static queue => new Wrapped(queue) { OnComplete = results => queue.CompleteAsync([.. results.Select(static result => LeaseResult.Done(result.Lease))], default) });
        yield return Wrong("forgets results", static queue => new Wrapped(queue) { OnComplete = static _ => default });
        yield return Wrong("counts what was not tried", static queue => new Wrapped(queue) { OnComplete = results => queue.CompleteAsync([.. results.Select(static result => result with { WasNotTried = false })], default) });
        yield return Wrong("renews nothing", static queue => new Wrapped(queue) { Renews = false });
        yield return Wrong("holds nothing", static queue => new Wrapped(queue) { OnChange = (filter, action) => action == QueueAction.Hold ? new(1) : queue.ChangeAsync(filter, action, default) });
        yield return Wrong("deletes nothing", static queue => new Wrapped(queue) { OnChange = (filter, action) => action == QueueAction.Delete ? new(1) : queue.ChangeAsync(filter, action, default) });
        yield return Wrong("filters nothing", static queue => new Wrapped(queue) { OnChange = (_, action) => queue.ChangeAsync(QueueFilter.All, action, default) });
    }

    [TestCaseSource(nameof(Wrongs))]
    public async Task Is_rejected(Func<IRelayQueue, IRelayQueue> wrap)
    {
        var rejected = 0;
        foreach (var conformance in RelayQueueConformance.Cases)
        {
            try
            {
                await conformance.RunAsync(_ => Task.FromResult<IQueueConformanceTarget>(new InMemoryRelayQueueTests.Target(wrap))).WaitAsync(TimeSpan.FromSeconds(1));
            }
            catch (Exception error) when (error is not AssertionException)
            {
                rejected++;
            }
        }

        Assert.That(rejected, Is.Positive);
    }

    private sealed class Wrapped(IRelayQueue queue) : IRelayQueue
    {
        private const int MaxCalls = 1_000;

        private readonly List<QueueLease> _given = [];
        private int _calls;

        public Func<QueueEntry, StagedContent, ValueTask>? OnEnqueue { get; init; }

        public Func<LeaseRequest, ValueTask<IReadOnlyList<QueueLease>>>? OnLease { get; init; }

        public Func<IReadOnlyList<LeaseResult>, ValueTask>? OnComplete { get; init; }

        public Func<QueueFilter, QueueAction, ValueTask<int>>? OnChange { get; init; }

        public bool RepeatsLeases { get; init; }

        public bool Renews { get; init; } = true;

        public ValueTask EnqueueAsync(QueueEntry entry, StagedContent content, CancellationToken cancellationToken) =>
            OnEnqueue?.Invoke(entry, content) ?? queue.EnqueueAsync(entry, content, cancellationToken);

        public async ValueTask<IReadOnlyList<QueueLease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
        {
            // A case that a wrong queue keeps busy for ever must not go on behind the other tests.
            if (Interlocked.Increment(ref _calls) > MaxCalls)
            {
                throw new InvalidOperationException("Leases without end.");
            }

            var leases = await (OnLease?.Invoke(request) ?? queue.LeaseAsync(request, cancellationToken));
            var repeated = RepeatsLeases ? _given.Take(1).ToList() : [];
            _given.Clear();
            _given.AddRange(leases);
            return [.. leases, .. repeated];
        }

        public ValueTask RenewAsync(IReadOnlyList<QueueLease> leases, DateTimeOffset until, CancellationToken cancellationToken) =>
            Renews ? queue.RenewAsync(leases, until, cancellationToken) : default;

        public ValueTask CompleteAsync(IReadOnlyList<LeaseResult> results, CancellationToken cancellationToken) =>
            OnComplete?.Invoke(results) ?? queue.CompleteAsync(results, cancellationToken);

        public ValueTask<IContentReader?> OpenContentAsync(QueueLease lease, CancellationToken cancellationToken) => queue.OpenContentAsync(lease, cancellationToken);

        public DateTimeOffset? NextDue(QueueLane lane, IReadOnlySet<string> leftOut) => queue.NextDue(lane, leftOut);

        public IDisposable Listen(Action<QueueLane> hint) => queue.Listen(hint);

        public ValueTask<IReadOnlyList<QueuedItem>> ListAsync(QueueFilter filter, CancellationToken cancellationToken) => queue.ListAsync(filter, cancellationToken);

        public ValueTask<int> ChangeAsync(QueueFilter filter, QueueAction action, CancellationToken cancellationToken) =>
            OnChange?.Invoke(filter, action) ?? queue.ChangeAsync(filter, action, cancellationToken);

        public IReadOnlyList<QueueMeasure> Measure() => queue.Measure();
    }
}
