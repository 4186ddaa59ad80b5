using System.IO.Pipelines;
using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

/// <summary>Each call with a token that is cancelled before it, and at each of its awaits: it does all or nothing, and the next one works.</summary>
internal static class CancellationCases
{
    private const int MostAwaits = 200;

    public static IEnumerable<ConformanceCase> All =>
    [
        CaseFor(StoreTraits.None, A_read_cancelled_at_any_await_answers_rightly_or_throws),
        Case(A_commit_cancelled_at_any_await_happens_whole_or_not_at_all),
        Case(A_staging_cancelled_at_any_await_is_whole_or_leaves_nothing),
        Case(Commits_cancelled_among_others_leave_the_others_alone),
    ];

    private static async Task A_read_cancelled_at_any_await_answers_rightly_or_throws(StoreProbe s)
    {
        var (id, inbox) = (await s.AccountAsync(), await s.InboxAsync());
        var uids = (await s.SeedAsync(3)).Select(static uid => new Uid(uid)).ToArray();
        var account = await s.OpenAsync();
        var content = (await s.ReadOneAsync(inbox, uids[0].Value)).Content;
        var octets = await s.ContentAsync(content);
        await EachAwaitAsync(s, "OpenAsync", async ct => await s.Store.OpenAsync(id, ct) is not null, static opened => opened);
        await EachAwaitAsync(s, "SnapshotAsync", async ct => (await account.SnapshotAsync(ct)).Mailboxes.First(info => info.Id == inbox).Messages, static messages => messages == 3);
        await EachAwaitAsync(s, "ReadAsync", async ct => (await account.ReadAsync(inbox, uids, MessageFields.All, ct)).Count, static count => count == 3);
        await EachAwaitAsync(
            s,
            "ChangesSinceAsync",
            async ct => (await account.ChangesSinceAsync(default, inbox, 100, ct)).Mailboxes.Sum(static delta => delta.Changed.Count),
            static count => count == 3);
        await EachAwaitAsync(s, "ReadMetadataAsync", async ct => (await account.ReadMetadataAsync(inbox, ct)).Count, static count => count == 0);
        await EachAwaitAsync(s, "LoadAsync", ct => LoadAsync(account, inbox, ct), static rows => rows == 3);
        await EachAwaitAsync(s, "OpenContentAsync", ct => ReadAsync(s.Store, content, ct), read => octets.AsSpan().SequenceEqual(read));
    }

    private static async Task A_commit_cancelled_at_any_await_happens_whole_or_not_at_all(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        var reached = true;
        for (var at = 0; reached && at < MostAwaits; at++)
        {
            var target = await s.AppendAsync(inbox);
            var before = await s.LoadAsync(inbox);
            ChangeBatch batch = new(
                account,
                [
                    StoreProbe.Message(inbox, content),
                    new SetFlags(inbox, [target], FlagMode.Add, SystemFlags.Deleted, [], null),
                    new Expunge(inbox, [target], OnlyDeleted: true),
                    StoreProbe.Message(inbox, content),
                ]);
            (reached, var completed, var results) = await CancelAtAwait.RunAsync(s, at, async ct => await s.Store.CommitAsync([batch], ct));
            var after = await s.LoadAsync(inbox);
            var happened = after.AsOf != before.AsOf;
            Check.That(happened || !completed, $"A commit whose token was cancelled at await {at} returned and did nothing.");
            Check.That(!completed || results![0].Error == CommitError.None, $"A commit whose token was cancelled at await {at} was rejected.");
            Check.Equal(before.Rows.Count + (happened ? 1 : 0), after.Rows.Count, $"Rows after a commit that was cancelled at await {at}");
            Check.Equal(!happened, after.Uids.Contains(target), "Whether the row to be expunged is still there");
            Check.That(happened || before.Rows.SequenceEqual(after.Rows), $"A commit that was cancelled at await {at} and did not happen changed rows.");
            await CancelAtAwait.RunAsync(s, int.MaxValue, _ => s.AppendAsync(inbox));
        }
    }

    private static async Task A_staging_cancelled_at_any_await_is_whole_or_leaves_nothing(StoreProbe s)
    {
        await s.InboxAsync();
        var before = await s.Target.CountContentsAsync();
        var octets = ContentCases.Octets(120_000, 11);
        var reached = true;
        for (var at = 0; reached && at < MostAwaits; at++)
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            var writing = WriteAsync(pipe.Writer, octets);
            (reached, _, var staged) = await CancelAtAwait.RunAsync(s, at, async ct => await s.Store.StageAsync(pipe.Reader, default, ct));
            await pipe.Reader.CompleteAsync();
            await writing;
            if (staged is not null)
            {
                await using (var reader = await staged.OpenAsync(default))
                {
                    Check.Octets(octets, await StoreProbe.ReadAllAsync(reader), $"Octets staged though the token was cancelled at await {at}");
                }

                await staged.DisposeAsync();
            }

            Check.Equal(before, await s.Target.CountContentsAsync(), $"Contents kept after a staging that was cancelled at await {at}");
        }
    }

    private static async Task Commits_cancelled_among_others_leave_the_others_alone(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        var turn = -1;
        var uids = await StoreProbe.AllAtOnceAsync(40, async () =>
        {
            var cancels = Interlocked.Increment(ref turn) % 2 == 0;
            using var source = new CancellationTokenSource();
            var commit = s.Store.CommitAsync([new ChangeBatch(account, [StoreProbe.Message(inbox, content)])], source.Token).AsTask();
            if (cancels)
            {
                await source.CancelAsync();
            }

            try
            {
                return (await commit)[0].Changes[0].NewUids[0];
            }
            catch (OperationCanceledException) when (cancels)
            {
                return 0u;
            }
        });
        var load = await s.LoadAsync(inbox);
        Check.That(!uids.Where(static uid => uid != 0).Except(load.Uids).Any(), "A commit that was acknowledged is not there.");
        Check.That(load.Rows.Count is >= 20 and <= 40, $"{load.Rows.Count} rows of 40 commits, half of them cancelled.");
    }

    private static async Task EachAwaitAsync<T>(StoreProbe s, string call, Func<CancellationToken, Task<T>> operation, Func<T, bool> isRight)
    {
        var reached = true;
        for (var at = 0; reached && at < MostAwaits; at++)
        {
            (reached, var completed, var result) = await CancelAtAwait.RunAsync(s, at, operation);
            Check.That(!completed || isRight(result!), $"{call} gave a wrong answer when its token was cancelled at await {at}.");
        }

        Check.That(isRight(await operation(CancellationToken.None)), $"{call} gives a wrong answer after calls that were cancelled.");
    }

    private static async Task<int> LoadAsync(IAccountStore account, MailboxId mailbox, CancellationToken cancellationToken)
    {
        var rows = 0;
        var load = Check.NotNull(await account.LoadAsync(mailbox, cancellationToken), "Loading a mailbox");
        await foreach (var segment in load.Segments.WithCancellation(cancellationToken))
        {
            rows += segment.Count;
        }

        return rows;
    }

    private static async Task<byte[]> ReadAsync(IMailStore store, ContentId id, CancellationToken cancellationToken)
    {
        await using var reader = Check.NotNull(await store.OpenContentAsync(id, cancellationToken), "Opening a content");
        var octets = new byte[reader.Length];
        for (var at = 0; at < octets.Length;)
        {
            var count = await reader.ReadAsync(at, octets.AsMemory(at), cancellationToken);
            Check.That(count > 0, $"Reading stopped at octet {at} of {octets.Length}.");
            at += count;
        }

        return octets;
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] octets)
    {
        foreach (var chunk in octets.Chunk(9000))
        {
            // Ends early when the reader has had enough.
            await Task.Yield();
            if ((await writer.WriteAsync(chunk)).IsCompleted)
            {
                break;
            }
        }

        await writer.CompleteAsync();
    }
}
