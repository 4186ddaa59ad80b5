using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

/// <summary>Writers run on threads of their own while others look; what the lookers were told must fit together.</summary>
internal static class ConcurrencyCases
{
    private const int Writers = 4;
    private const int Steps = 40;

    public static IEnumerable<ConformanceCase> All =>
    [
        Case(A_poller_never_misses_a_row_and_uids_appear_in_order),
        Case(A_load_is_valid_at_its_modseq),
        Case(Every_answer_is_one_snapshot, StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(A_commit_is_seen_by_its_caller_at_once),
        Case(Writers_of_all_kinds_keep_the_books, StoreTraits.Mailboxes | StoreTraits.Copy | StoreTraits.Keywords),
        Case(An_expunge_and_a_flag_change_that_race_agree),
        Case(A_copy_that_races_a_delete_copies_all_or_nothing, StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(Messages_are_read_whole_while_they_are_expunged),
        Case(Many_accounts_at_once),
    ];

    /// <summary>
    /// Runs the writers, and the looker again and again until they are done and once more. Every few steps a writer waits for a
    /// look to end: a store faster than its looker would be done before the first one.
    /// </summary>
    private static async Task RaceAsync(Func<int, int, Task> write, Func<Task> look)
    {
        var looks = 0;
        var stopped = false;
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var step = 0; step < Steps; step++)
            {
                await write(writer, step);
                await Task.Yield();
                for (var seen = Volatile.Read(ref looks); step % 8 == 7 && Volatile.Read(ref looks) == seen && !Volatile.Read(ref stopped);)
                {
                    await Task.Yield();
                }
            }
        })));
        var looking = Task.Run(async () =>
        {
            try
            {
                while (!writing.IsCompleted)
                {
                    await look();
                    Interlocked.Increment(ref looks);
                    await Task.Yield();
                }
            }
            finally
            {
                Volatile.Write(ref stopped, true);
            }
        });
        await Task.WhenAll(writing, looking);
        await look();
    }

    private static async Task A_poller_never_misses_a_row_and_uids_appear_in_order(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        var (all, scoped) = (new FeedMirror(), new FeedMirror());
        await RaceAsync(
            async (_, _) => await s.Store.CommitAsync([new ChangeBatch(account, [StoreProbe.Message(inbox, content)])], default),
            async () =>
            {
                // The mirror throws when a UID appears below another or below UIDNEXT, or when rows and counters part.
                all.Apply(await s.ChangesAsync(all.AsOf, null, int.MaxValue));
                scoped.Apply(await s.ChangesAsync(scoped.AsOf, inbox, int.MaxValue));
            });
        var load = await s.LoadAsync(inbox);
        Check.Equal(Writers * Steps, load.Rows.Count, "Rows");
        all.CheckSame(load);
        scoped.CheckSame(load);
    }

    private static async Task A_load_is_valid_at_its_modseq(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await s.AppendManyAsync(inbox, 50);
        await using var content = await s.StageAsync("x");
        var loads = new List<LoadedMailbox>();
        await RaceAsync(
            async (writer, step) => await s.Store.CommitAsync(
                [
                    new ChangeBatch(account, (writer % 3) switch
                    {
                        0 => [StoreProbe.Message(inbox, content)],
                        1 => [new SetFlags(inbox, [(uint)(step % 50) + 1], FlagMode.Replace, (SystemFlags)(step % 32), [], null)],
                        _ => [new Expunge(inbox, [(uint)step + 1], OnlyDeleted: false)],
                    }),
                ],
                default),
            async () =>
            {
                var load = await s.LoadAsync(inbox);
                StoreProbe.Verify(load);
                if (loads.Count < 200 || loads[^1].AsOf != load.AsOf)
                {
                    loads.Add(load);
                }
            });
        var end = await s.LoadAsync(inbox);
        foreach (var load in loads)
        {
            // What is missing in the load must be in the feed from its AsOf on: no hole between the two.
            var mirror = FeedMirror.From(load);
            mirror.Apply(await s.ChangesAsync(load.AsOf, inbox, int.MaxValue));
            mirror.CheckSame(end);
        }
    }

    private static async Task Every_answer_is_one_snapshot(StoreProbe s)
    {
        var (inbox, work, account) = (await s.InboxAsync(), await s.CreateAsync("Work"), await s.AccountAsync());
        var uids = await s.AppendManyAsync(inbox, Writers * Steps);
        var mirror = new FeedMirror();
        mirror.Apply(await s.ChangesAsync(default, null, int.MaxValue));
        await RaceAsync(
            async (writer, step) => await s.Store.CommitAsync(
                [new ChangeBatch(account, [new Copy(inbox, [uids[(writer * Steps) + step]], work, Move: true)])], default),
            async () =>
            {
                // A message that moves is in exactly one of both mailboxes, in whatever answer.
                var snapshot = await s.SnapshotAsync();
                Check.Equal(uids.Length, snapshot.Mailboxes.Sum(static info => info.Messages), $"Messages in all mailboxes as of {snapshot.AsOf}");
                Check.That(snapshot.Mailboxes.All(info => info.HighestModSeq <= snapshot.AsOf), "HighestModSeq of a mailbox is past the snapshot.");
                mirror.Apply(await s.ChangesAsync(mirror.AsOf, null, int.MaxValue));
                Check.Equal(uids.Length, mirror.CountRows(), $"Rows by the feed as of {mirror.AsOf}");
            });
        Check.Equal(uids.Length, (await s.LoadAsync(work)).Rows.Count, "Rows moved");
    }

    private static async Task A_commit_is_seen_by_its_caller_at_once(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        await RaceAsync(
            async (_, _) =>
            {
                var result = (await s.Store.CommitAsync([new ChangeBatch(account, [StoreProbe.Message(inbox, content)])], default))[0];
                var uid = result.Changes[0].NewUids[0];
                var load = await s.LoadAsync(inbox);
                Check.That(load.AsOf >= result.ModSeq, $"A load as of {load.AsOf} follows commit {result.ModSeq}.");
                Check.Equal(result.ModSeq, load.Row(uid).ModSeq, "ModSeq of the row just appended");
                var feed = await s.ChangesAsync(new ModSeq(result.ModSeq!.Value.Value - 1), inbox);
                Check.That(feed.Mailboxes.Only().Changed.Uids.Contains(uid), "The row just appended is not in the feed.");
            },
            () => Task.CompletedTask);
    }

    private static async Task Writers_of_all_kinds_keep_the_books(StoreProbe s)
    {
        var (inbox, work, account) = (await s.InboxAsync(), await s.CreateAsync("Work"), await s.AccountAsync());
        await s.AppendManyAsync(inbox, 60);
        await using var content = await s.StageAsync("octets");
        var mirror = new FeedMirror();
        await RaceAsync(
            async (writer, step) =>
            {
                var random = new Random((writer * 1000) + step);
                uint[] some = [.. Enumerable.Range(0, 8).Select(_ => (uint)random.Next(1, 120)).Distinct().Order()];
                var (from, to) = random.Next(2) == 0 ? (inbox, work) : (work, inbox);
                StoreChange change = random.Next(7) switch
                {
                    0 or 1 => StoreProbe.Message(from, content, (SystemFlags)random.Next(32), $"keyword{random.Next(5)}"),
                    2 => new SetFlags(from, some, (FlagMode)random.Next(3), (SystemFlags)random.Next(32), [$"keyword{random.Next(5)}"], null),
                    3 => new Expunge(from, some, OnlyDeleted: random.Next(2) == 0),
                    4 => new Copy(from, some, to, Move: true),
                    5 => new Copy(from, some, to, Move: false),
                    _ => new ClaimRecent(from),
                };
                var result = (await s.Store.CommitAsync([new ChangeBatch(account, [change])], default))[0];
                Check.Equal(CommitError.None, result.Error, $"Committing {change.GetType().Name}");
            },
            async () => mirror.Apply(await s.ChangesAsync(mirror.AsOf, null, int.MaxValue)));

        // The account is compared as a whole after each case.
        mirror.CheckSame(await s.LoadAsync(inbox));
        mirror.CheckSame(await s.LoadAsync(work));
    }

    private static async Task An_expunge_and_a_flag_change_that_race_agree(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        for (var round = 0; round < 20; round++)
        {
            var uids = await s.AppendManyAsync(inbox, 20);
            await s.DoAsync(new SetFlags(inbox, uids, FlagMode.Add, SystemFlags.Deleted, [], null));
            var rescue = Task.Run(async () => (await s.Store.CommitAsync(
                [new ChangeBatch(account, [new SetFlags(inbox, uids[..10], FlagMode.Remove, SystemFlags.Deleted, [], null)])], default))[0]);
            var expunge = Task.Run(async () => (await s.Store.CommitAsync(
                [new ChangeBatch(account, [new Expunge(inbox, uids, OnlyDeleted: true)])], default))[0]);
            var (rescued, expunged) = ((await rescue).Changes[0].SourceUids, (await expunge).Changes[0].SourceUids);
            Check.Equal(20, rescued.Length + expunged.Length, "Rows rescued and rows expunged");
            Check.That(!rescued.Intersect(expunged).Any(), "A row was rescued and expunged.");
        }
    }

    private static async Task A_copy_that_races_a_delete_copies_all_or_nothing(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        var expected = 0L;
        for (var round = 0; round < 15; round++)
        {
            var work = await s.CreateAsync("Work");
            var uids = await s.AppendManyAsync(work, 20);
            StoreChange[] changes = [new Copy(work, uids, inbox, Move: round % 2 == 0), new DeleteMailbox(work)];
            var next = -1;
            var results = await StoreProbe.AllAtOnceAsync(2, async () =>
            {
                var change = changes[Interlocked.Increment(ref next)];
                return (Change: change, Result: (await s.Store.CommitAsync([new ChangeBatch(account, [change])], default))[0]);
            });
            var copy = results.Where(static pair => pair.Change is Copy).Only().Result;
            Check.That(copy.Error is CommitError.None or CommitError.NoMailbox, $"A copy that races a delete says {copy.Error}.");
            Check.Equal(CommitError.None, results.Where(static pair => pair.Change is DeleteMailbox).Only().Result.Error, "Deleting");
            if (copy.Error == CommitError.None)
            {
                Check.Sequence(uids, copy.Changes[0].SourceUids, "Sources");
                expected += uids.Length;
                s.Target.Clock.Advance(TimeSpan.FromHours(1));
                foreach (var row in await s.ReadAsync(inbox, MessageFields.Content, copy.Changes[0].NewUids))
                {
                    Check.That((await s.ContentAsync(row.Content)).Length > 0, "A copy lost its content with the mailbox that it was copied from.");
                }
            }

            Check.Equal(expected, (await s.FindAsync("INBOX")).Messages, "Messages copied");
        }
    }

    private static async Task Messages_are_read_whole_while_they_are_expunged(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        var uids = await s.AppendManyAsync(inbox, Writers * Steps);
        var before = await s.LoadAsync(inbox);
        var random = new Random(1);
        await RaceAsync(
            async (writer, step) => await s.Store.CommitAsync([new ChangeBatch(account, [new Expunge(inbox, [uids[(writer * Steps) + step]], OnlyDeleted: false)])], default),
            async () =>
            {
                // As a session does that has not been told: the rows it knows, some of them gone by now.
                uint[] some = [.. Enumerable.Range(0, 10).Select(_ => uids[random.Next(uids.Length)]).Distinct()];
                var rows = await s.ReadAsync(inbox, MessageFields.Content, some);
                Check.Sequence(some, rows.Select(static row => row.Uid.Value), "Rows read while they are expunged");
                foreach (var row in rows)
                {
                    Check.Equal((long)before.Row(row.Uid.Value).Size, row.Prefix.Length + (await s.ContentAsync(row.Content)).LongLength, "Octets read while they are expunged");
                }
            });
        Check.Equal(0L, (await s.FindAsync("INBOX")).Messages, "Messages left");
    }

    private static async Task Many_accounts_at_once(StoreProbe s)
    {
        var accounts = new List<(AccountId Id, MailboxId Inbox)>();
        for (var i = 0; i < 10; i++)
        {
            var id = await s.NewAccountAsync($"user{i}@example.org");
            accounts.Add((id, (await s.FindAsync("INBOX", id)).Id));
        }

        var shared = s.Store.Traits.HasFlag(StoreTraits.SharedContent);
        await using var content = await s.StageAsync("to all");
        await RaceAsync(
            async (writer, step) =>
            {
                await using var own = shared ? null : await s.StageAsync("to all");
                var some = shared ? accounts : [accounts[(writer + step) % 10]];
                var results = await s.Store.CommitAsync([.. some.Select(account => new ChangeBatch(account.Id, [StoreProbe.Message(account.Inbox, own ?? content)]))], default);
                Check.That(results.All(static result => result.Error == CommitError.None), "A delivery to one of many accounts failed.");
            },
            () => Task.CompletedTask);
        var messages = 0L;
        foreach (var (id, _) in accounts)
        {
            messages += (await s.FindAsync("INBOX", id)).Messages;
        }

        Check.Equal(Writers * Steps * (shared ? 10L : 1L), messages, "Messages in all accounts");
    }
}
