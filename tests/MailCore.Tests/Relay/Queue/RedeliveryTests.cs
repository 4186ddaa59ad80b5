using System.Net;
using MailCore.Hosting;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Storage.WrongStores;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

/// <summary>From a client's DATA into a mailbox whose store fails the first time, by the queue itself.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class RedeliveryTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    [Test]
    public async Task A_mailbox_whose_store_fails_gets_the_message_from_the_queue_when_it_can_and_the_other_gets_no_second()
    {
        var clock = new ManualTimeProvider();
        // The transaction's own attempt, and the first of the queue, which follows at once.
        var store = new Failing(new InMemoryMailStore(clock), new AccountId("anna@ours.example")) { Times = 2 };
        await using var services = await StartAsync(clock, store);
        var server = services.GetRequiredService<MailServer>();

        var outcomes = await RelayTestClient.Connector(new FixedHops(FixedHops.Host(server.Endpoints["smtp"].Port)))
            .SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("bob@ours.example", "anna@ours.example")));
        Assert.That(outcomes.Select(static outcome => outcome.Status), Is.All.EqualTo(RelayStatus.Sent), "bob has it, so the sender is done");
        var queue = server.Relay!.Queue;
        await UntilAsync(async () => store.Failures == 2 && (await queue.ListAsync(QueueFilter.All, default)) is [{ IsLeased: false, Lane: QueueLane.Local, Attempts: 1 }]);
        Assert.That(await CountAsync(services, "bob@ours.example"), Is.EqualTo(1));
        Assert.That(await CountAsync(services, "anna@ours.example"), Is.Zero);

        // The schedule's first retry.
        clock.Advance(TimeSpan.FromMinutes(5));
        await UntilAsync(() => Task.FromResult(queue.Measure().Count == 0));
        Assert.That(await CountAsync(services, "anna@ours.example"), Is.EqualTo(1));
        Assert.That(await CountAsync(services, "bob@ours.example"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_mailbox_alone_whose_store_fails_is_the_senders_to_repeat()
    {
        var clock = new ManualTimeProvider();
        await using var services = await StartAsync(clock, new Failing(new InMemoryMailStore(clock), new AccountId("anna@ours.example")) { Times = 1 });
        var server = services.GetRequiredService<MailServer>();
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(server.Endpoints["smtp"].Port)));

        var outcome = (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("anna@ours.example")))).Single();
        Assert.That((outcome.Status, outcome.Reply.Code), Is.EqualTo((RelayStatus.Deferred, 451)));
        Assert.That(server.Relay!.Queue.Measure(), Is.Empty);

        Assert.That((await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("anna@ours.example")))).Single().Status, Is.EqualTo(RelayStatus.Sent));
        Assert.That(await CountAsync(services, "anna@ours.example"), Is.EqualTo(1));
    }

    private static async Task<ServiceProvider> StartAsync(TimeProvider clock, IMailStore store)
    {
        var services = new ServiceCollection();
        services.AddSingleton(clock);
        services.AddMailServer(mail =>
        {
            mail.HostName = "mx.ours.example";
            mail.AddAccount("anna@ours.example").AddAccount("bob@ours.example").UseStore(_ => store);
            mail.ListenSmtp(0, static endpoint => endpoint.On(IPAddress.Loopback).UseCleartext());
            mail.UseRelay();
        });
        var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<MailServer>().StartAsync(CancellationToken.None);
        return provider;
    }

    private static async Task<int> CountAsync(ServiceProvider services, string account)
    {
        var inbox = (await (await services.GetRequiredService<MailAccounts>().OpenAsync(new AccountId(account)))!.FindMailboxAsync(MailboxName.Inbox))!;
        return (await inbox.OpenViewAsync(CancellationToken.None))!.State.Count;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(started), Is.LessThan(Guard), "It never came about.");
            await Task.Delay(2);
        }
    }

    /// <summary>The first times that mail is to be put into an account it rejects this account's batch, and takes the others.</summary>
    private sealed class Failing(IMailStore inner, AccountId account) : StoreWrapper(inner)
    {
        private int _failures;

        public required int Times { get; init; }

        public int Failures => Math.Min(_failures, Times);

        public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
        {
            var mine = batches.ToList().FindIndex(batch => batch.Account == account && batch.Changes.Any(static change => change is AppendMessage));
            if (mine < 0 || Interlocked.Increment(ref _failures) > Times)
            {
                return await Inner.CommitAsync(batches, cancellationToken);
            }

            var others = await Inner.CommitAsync([.. batches.Where((_, i) => i != mine)], cancellationToken);
            return [.. others.Take(mine), new CommitResult(CommitError.NotSupported, 0, null, []), .. others.Skip(mine)];
        }
    }
}
