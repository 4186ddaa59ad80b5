using System.Globalization;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapNotifyTests
{
    [Test]
    public async Task Events_of_a_thousand_mailboxes_cost_nothing_to_sessions_that_they_do_not_concern([Values] bool byNotify)
    {
        const int Mailboxes = 1_000;
        await using var server = new ImapTestServer();
        server.Options.MaxSessionsPerAccount = Mailboxes;
        var store = new CountingStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        var mailboxes = new Mailbox[Mailboxes];
        var clients = new ImapTestClient[Mailboxes];
        for (var i = 0; i < Mailboxes; i++)
        {
            mailboxes[i] = await server.MailboxAsync(Name(i));
        }

        for (var i = 0; i < Mailboxes; i++)
        {
            clients[i] = await server.ClientAsync();
            await clients[i].OkAsync("LOGIN bob secret");
            if (byNotify)
            {
                await clients[i].OkAsync($"NOTIFY SET (mailboxes {Name(i)} (MessageNew MessageExpunge))");
            }
            else
            {
                await clients[i].OkAsync($"SELECT {Name(i)}");
                await clients[i].SendAsync("i IDLE\r\n");
                await clients[i].ReadLineAsync();
            }
        }

        store.Looks = 0;
        for (var i = 0; i < Mailboxes; i += 10)
        {
            await server.AppendAsync("x"u8.ToArray(), mailbox: mailboxes[i]);
            Assert.That(await clients[i].ReadLineAsync(), Does.StartWith(byNotify ? $"* STATUS {Name(i)} (MESSAGES 1 " : "* 1 EXISTS"));
        }

        // One look for each event, by the one session that it concerns.
        Assert.That(store.Looks, Is.EqualTo(Mailboxes / 10));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_hint_allocates_the_same_however_many_it_does_not_concern()
    {
        await using var server = new ImapTestServer();
        var account = await server.AddUserAsync();
        var heard = 0;
        using var concerned = account.Listen(new MailboxId("m"), () => heard++);
        var alone = await MeasureAsync();
        var others = Enumerable.Range(0, 1_000).Select(i => account.Listen(new MailboxId(Name(i)), static () => Assert.Fail("woken"))).ToList();
        others.Add(account.ListenToStructure(static () => Assert.Fail("woken")));
        Assert.That(await MeasureAsync(), Is.EqualTo(alone));
        Assert.That(heard, Is.EqualTo(2_000));
        others.ForEach(static other => other.Dispose());
        Assert.That(server.Signal.Count, Is.EqualTo(1));

        async Task<long> MeasureAsync()
        {
            var hint = new ChangeHint(new ModSeq(7), [new MailboxId("m")], HasStructure: false);
            await server.Signal.RaiseAsync(account.Id, hint);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var atOnce = 0;
            for (var i = 0; i < 999; i++)
            {
                atOnce += server.Signal.RaiseAsync(account.Id, hint).AsTask().IsCompletedSuccessfully ? 1 : 0;
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(atOnce, Is.EqualTo(999), "on this thread");
            return allocated;
        }
    }

    [Test]
    public async Task A_client_that_only_listens_has_the_mailbox_right_whatever_others_do_to_it([Range(1, 6)] int seed)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        await server.AppendAsync("x"u8.ToArray());
        await using var client = await server.SelectedAsync();
        var known = new List<string> { "1 " };
        await client.OkAsync("NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange))");
        var changes = Task.Run(() => ChangeAsync(server, mailbox, new Random(seed)));
        var isLast = false;
        for (var command = 0; !isLast; command++)
        {
            isLast = changes.IsCompleted;
            await client.SendAsync($"c{command} {(command % 3 == 0 ? "UID FETCH 1 UID" : "NOOP")}\r\n");
            foreach (var line in await client.ReadToAsync($"c{command}"))
            {
                Follow(known, line);
            }
        }

        await changes;
        var view = (await mailbox.OpenViewAsync())!.State;
        Assert.That(known, Is.EqualTo(view.Range(0, view.Count).Select(static row => $"{row.Uid} {(row.Flags.HasFlag(SystemFlags.Flagged) ? "\\Flagged" : "")}")));
    }

    [Test]
    public async Task A_change_without_a_hint_is_found_by_the_slow_poll([Values] bool isSelected)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync("Work");
        await using var client = await server.SelectedAsync(isSelected ? "Work" : "INBOX");
        await client.OkAsync("NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge))");
        // Committed behind the accounts' back, as by another process.
        await using var staged = await server.Accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream("x"u8.ToArray())), default);
        await server.Store.CommitAsync(
            [new ChangeBatch(new AccountId("bob"), [new AppendMessage(mailbox.Id, staged.Content, default, SystemFlags.None, [], server.Time.GetUtcNow(), staged.Summary)])],
            CancellationToken.None);
        var line = client.ReadLineAsync();
        for (var i = 0; i < 20 && !line.IsCompleted; i++)
        {
            server.Time.Advance(server.Options.PollInterval);
            await Task.WhenAny(line, Task.Delay(20));
        }

        Assert.That(await line, isSelected ? Is.EqualTo("* 1 EXISTS") : Does.StartWith("* STATUS Work (MESSAGES 1 "));
    }

    [Test]
    public async Task A_client_that_listens_and_says_nothing_is_still_idle_in_the_end()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        await client.OkAsync("NOTIFY SET (selected (MessageNew MessageExpunge))");
        var line = client.ReadLineAsync();
        for (var i = 0; i < 29; i++)
        {
            server.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAny(line, Task.Delay(5));
        }

        Assert.That(line.IsCompleted, Is.False);
        for (var i = 0; i < 1_000 && !line.IsCompleted; i++)
        {
            server.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAny(line, Task.Delay(5));
        }

        Assert.That(await line, Is.EqualTo("* BYE Idle for too long"));
    }

    [Test]
    public async Task What_the_store_can_t_tell_now_is_told_later_and_the_session_lives()
    {
        await using var server = new ImapTestServer();
        var store = new CountingStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        var work = await server.MailboxAsync("Work");
        await using var client = await server.SelectedAsync();
        await client.OkAsync("NOTIFY SET (personal (MessageNew MessageExpunge))");
        store.Fails = true;
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That((await client.RunAsync("NOOP"))[^1], Does.Contain(" NO [SERVERBUG] "));
        store.Fails = false;
        Assert.That((await client.OkAsync("NOOP"))[0], Does.StartWith("* STATUS Work (MESSAGES 1 "));
    }

    [Test]
    public async Task No_subscription_outlives_what_asked_for_it()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync("NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))");
        Assert.That(server.Signal.Count, Is.EqualTo(1));
        await client.OkAsync("NOTIFY NONE");
        Assert.That(server.Signal.Count, Is.Zero);
        await client.OkAsync("NOTIFY SET (mailboxes INBOX (MessageNew MessageExpunge))");
        Assert.That(server.Signal.Count, Is.EqualTo(1));
        await client.OkAsync("UNAUTHENTICATE");
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task Mailboxes_without_the_right_to_read_are_NoAccess_and_without_lookup_are_not_there()
    {
        var rights = new Rights();
        await using var server = new ImapTestServer { Authorization = rights };
        await server.AddUserAsync();
        var (work, play) = (await server.MailboxAsync("Work"), await server.MailboxAsync("Play"));
        rights.Of["Work"] = MailboxRights.Lookup;
        rights.Of["Play"] = MailboxRights.All & ~MailboxRights.Lookup;
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        Assert.That(
            (await client.OkAsync("NOTIFY SET STATUS (mailboxes (Work Play) (MessageNew MessageExpunge MailboxName))")).SkipLast(1),
            Is.EqualTo(new[] { "* LIST (\\NoAccess) \"/\" Work" }));
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        await server.AppendAsync("x"u8.ToArray(), mailbox: play);
        Assert.That(await client.OkAsync("NOOP"), Has.Count.EqualTo(1));

        // Granted, and revoked.
        rights.Of.Clear();
        await work.SetAclAsync("bob", FlagMode.Replace, "lr");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* LIST (\\HasNoChildren) \"/\" Play"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* LIST (\\HasNoChildren) \"/\" Work"));
        await server.AppendAsync("x"u8.ToArray(), mailbox: work);
        Assert.That(await client.ReadLineAsync(), Does.StartWith("* STATUS Work (MESSAGES 2 "));
        rights.Of["Play"] = MailboxRights.None;
        await play.SetAclAsync("bob", FlagMode.Replace, "l");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* LIST (\\NonExistent \\HasNoChildren) \"/\" Play"));
    }

    [Test]
    public async Task A_selected_mailbox_that_is_deleted_ends_the_session_between_commands()
    {
        await using var server = new ImapTestServer();
        var account = await server.AddUserAsync();
        var work = await server.MailboxAsync("Work");
        await using var client = await server.SelectedAsync("Work");
        await client.OkAsync("NOTIFY SET (selected (MessageNew MessageExpunge))");
        await account.DeleteMailboxAsync(work.Id);
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE The selected mailbox was deleted"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task Changes_past_what_the_store_remembers_are_told_all_the_same()
    {
        await using var server = new ImapTestServer(tombstones: 10);
        await server.AddUserAsync();
        var work = await server.MailboxAsync("Work");
        var uids = new List<Uid>();
        for (var i = 0; i < 100; i++)
        {
            uids.Add(await server.AppendAsync("x"u8.ToArray(), mailbox: work));
        }

        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync("NOTIFY SET (personal (MessageNew MessageExpunge))");
        await work.RemoveAsync(uids);
        Assert.That(await client.ReadLineAsync(), Does.StartWith("* STATUS Work (MESSAGES 0 UIDNEXT 101 "));
    }

    private static async Task ChangeAsync(ImapTestServer server, Mailbox mailbox, Random random)
    {
        var uids = new List<Uid> { new(1) };
        for (var round = 0; round < 300; round++)
        {
            switch (random.Next(uids.Count > 0 ? 3 : 1))
            {
                case 0:
                    uids.Add(await server.AppendAsync("x"u8.ToArray(), new AppendOptions { Flags = random.Next(2) == 0 ? SystemFlags.Flagged : SystemFlags.None }));
                    break;
                case 1:
                    await mailbox.SetFlagsAsync([.. uids.Where(_ => random.Next(3) == 0)], new FlagChange(random.Next(2) == 0 ? FlagMode.Add : FlagMode.Remove, SystemFlags.Flagged));
                    break;
                default:
                    var gone = uids.Where(_ => random.Next(5) == 0).ToList();
                    await mailbox.RemoveAsync(gone);
                    uids.RemoveAll(gone.Contains);
                    break;
            }

            if (random.Next(10) == 0)
            {
                await Task.Yield();
            }
        }
    }

    // As a client does: numbers shift with each EXPUNGE, and what is new is known once its FETCH is there.
    private static void Follow(List<string> known, string line)
    {
        var words = line.Split(' ');
        if (words[0] != "*" || !int.TryParse(words[1], CultureInfo.InvariantCulture, out var number))
        {
            return;
        }

        switch (words[2])
        {
            case "EXISTS":
                Assert.That(number, Is.GreaterThanOrEqualTo(known.Count), line);
                known.AddRange(Enumerable.Repeat("", number - known.Count));
                break;
            case "EXPUNGE":
                known.RemoveAt(number - 1);
                break;
            case "FETCH" when line.Contains("FLAGS", StringComparison.Ordinal):
                Assert.That(words[3], Is.EqualTo("(UID"), line);
                known[number - 1] = $"{words[4]} {(line.Contains("\\Flagged", StringComparison.Ordinal) ? "\\Flagged" : "")}";
                break;
        }
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"m{index}");

    private sealed class Rights : IMailboxAuthorization
    {
        public Dictionary<string, MailboxRights> Of { get; } = [];

        public ValueTask<MailboxRights> GetRightsAsync(MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Of.GetValueOrDefault(mailbox, MailboxRights.All));
    }

    /// <summary>Counts the questions for changes that reach the store.</summary>
    private sealed class CountingStore(IMailStore inner) : StoreWrapper(inner)
    {
        private int _looks;

        public int Looks { get => Volatile.Read(ref _looks); set => Volatile.Write(ref _looks, value); }

        public bool Fails { get; set; }

        public override async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) =>
            await base.OpenAsync(account, cancellationToken) is { } opened ? new CountingAccount(this, opened) : null;

        private sealed class CountingAccount(CountingStore store, IAccountStore inner) : IAccountStore
        {
            public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken) => inner.SnapshotAsync(cancellationToken);

            public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken) => inner.LoadAsync(mailbox, cancellationToken);

            public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken) =>
                inner.ReadAsync(mailbox, uids, fields, cancellationToken);

            public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken)
            {
                Interlocked.Increment(ref store._looks);
                return store.Fails ? throw new IOException("The disk is away.") : inner.ChangesSinceAsync(since, scope, limit, cancellationToken);
            }

            public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken) =>
                inner.ReadMetadataAsync(mailbox, cancellationToken);
        }
    }
}
