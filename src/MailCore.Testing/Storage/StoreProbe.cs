using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using MailCore.Storage;

namespace MailCore.Testing.Storage;

/// <summary>A mailbox as a load gave it.</summary>
internal sealed record LoadedMailbox(ModSeq AsOf, MailboxInfo Info, IReadOnlyList<MailboxRow> Rows)
{
    public IEnumerable<uint> Uids => Rows.Select(static row => row.Uid.Value);

    public MailboxRow Row(uint uid) => Rows.FirstOrDefault(row => row.Uid.Value == uid) is { Uid.Value: > 0 } row
        ? row
        : throw new ConformanceException($"UID {uid} is not in {Info.Name}.");

    public IEnumerable<string> KeywordsOf(MailboxRow row) => Info.Keywords.Where((_, i) => (row.FlagWord & (1UL << (8 + i))) != 0);
}

/// <summary>A store and one account of it, with the short forms that the cases are written in.</summary>
internal sealed class StoreProbe(IConformanceTarget target)
{
    // An account is opened once for each store, as engines do.
    private readonly ConcurrentDictionary<(IMailStore, AccountId), Task<IAccountStore?>> _open = new();
    private readonly List<AccountId> _accounts = [];
    private AccountId? _account;
    private MailboxId? _inbox;

    public IConformanceTarget Target => target;

    public IMailStore Store => target.Store;

    public static DateTimeOffset SomeDate { get; } = new(2024, 2, 29, 23, 59, 58, TimeSpan.FromHours(-5));

    /// <summary>The account that most cases use.</summary>
    public async Task<AccountId> AccountAsync() => _account ??= await NewAccountAsync("alice@example.org");

    public async Task<AccountId> NewAccountAsync(string name)
    {
        var account = await target.CreateAccountAsync(name);
        await OpenAsync(account);
        _accounts.Add(account);
        return account;
    }

    public async Task<IAccountStore> OpenAsync(AccountId? account = null) =>
        Check.NotNull(
            await _open.GetOrAdd((Store, account ?? await AccountAsync()), static key => key.Item1.OpenAsync(key.Item2, default).AsTask()),
            "Opening an account");

    public async Task<MailboxId> InboxAsync() => _inbox ??= (await FindAsync("INBOX")).Id;

    public async Task<MailboxInfo> FindAsync(string name, AccountId? account = null) =>
        Check.NotNull((await SnapshotAsync(account)).Mailboxes.FirstOrDefault(info => info.Name == name), $"Mailbox {name}");

    public async Task<AccountSnapshot> SnapshotAsync(AccountId? account = null) => await (await OpenAsync(account)).SnapshotAsync(default);

    public async Task<StagedContent> StageAsync(byte[] octets, long? announced = null) =>
        await Store.StageAsync(PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(octets)), new StageHint(announced, []), default);

    public Task<StagedContent> StageAsync(string text) => StageAsync(Encoding.UTF8.GetBytes(text));

    public static AppendMessage Message(MailboxId mailbox, StagedContent content, SystemFlags flags = 0, params string[] keywords) =>
        new(mailbox, content, ReadOnlyMemory<byte>.Empty, flags, keywords, SomeDate, ReadOnlyMemory<byte>.Empty);

    /// <summary>Appends a small message and returns its UID.</summary>
    public async Task<uint> AppendAsync(MailboxId mailbox, SystemFlags flags = 0, params string[] keywords)
    {
        await using var content = await StageAsync("Subject: hello\r\n\r\nworld\r\n");
        return (await DoAsync(Message(mailbox, content, flags, keywords))).NewUids.Only();
    }

    public async Task<uint[]> AppendManyAsync(MailboxId mailbox, int count)
    {
        await using var content = await StageAsync("Subject: one of many\r\n\r\n");
        var result = await CommitAsync([.. Enumerable.Range(0, count).Select(_ => Message(mailbox, content))]);
        Check.Equal(CommitError.None, result.Error, "Appending many");
        return [.. result.Changes.Select(static change => change.NewUids.Only())];
    }

    /// <summary>Adds messages to the inbox in whatever way there is.</summary>
    public async Task<uint[]> SeedAsync(int count)
    {
        var inbox = await InboxAsync();
        if (Store.Traits.HasFlag(StoreTraits.Append))
        {
            return await AppendManyAsync(inbox, count);
        }

        var before = (await LoadAsync(inbox)).Uids.ToHashSet();
        Check.That(await Target.AddMessagesAsync(await AccountAsync(), count), "A store that takes no appends: the target must implement AddMessagesAsync.");
        uint[] added = [.. (await LoadAsync(inbox)).Uids.Where(uid => !before.Contains(uid))];
        Check.Equal(count, added.Length, "Messages that the target added");
        return added;
    }

    /// <summary>The keywords, where the store keeps any.</summary>
    public string[] Keywords(params string[] names) => Store.Traits.HasFlag(StoreTraits.Keywords) ? names : [];

    /// <summary>Whether a store gives back the octets it was given.</summary>
    public bool IsFaithful => Store.Traits.HasFlag(StoreTraits.FaithfulContent);

    public async Task<CommitResult> CommitAsync(params StoreChange[] changes)
    {
        var results = await Store.CommitAsync([new ChangeBatch(await AccountAsync(), changes)], default);
        Check.Equal(1, results.Count, "Results for one batch");
        var result = results[0];
        if (result.Error == CommitError.None)
        {
            Check.Equal(-1, result.FailedAt, "FailedAt of a batch that took effect");
            Check.Equal(changes.Length, result.Changes.Count, "Results for the changes of a batch");
        }
        else
        {
            Check.Equal(0, result.Changes.Count, "Results for the changes of a rejected batch");
            Check.That(result.ModSeq is null, "A rejected batch has a ModSeq.");
        }

        return result;
    }

    /// <summary>Commits one change that must succeed.</summary>
    public async Task<ChangeResult> DoAsync(StoreChange change)
    {
        var result = await CommitAsync(change);
        Check.Equal(CommitError.None, result.Error, $"Committing {change.GetType().Name}");
        return result.Changes[0];
    }

    /// <summary>Commits a batch that must be rejected and leave no trace.</summary>
    public async Task RefusedAsync(CommitError error, int failedAt, params StoreChange[] changes)
    {
        var before = await SnapshotAsync();
        var result = await CommitAsync(changes);
        Check.Equal(error, result.Error, $"Committing {changes[failedAt].GetType().Name}");
        Check.Equal(failedAt, result.FailedAt, "The change to blame");
        var after = await SnapshotAsync();
        Check.Equal(before.AsOf, after.AsOf, "ModSeq of the account after a rejected batch");
        Check.Equal(before.QuotaUsed, after.QuotaUsed, "Quota used after a rejected batch");
        Check.Sequence(before.Subscriptions, after.Subscriptions, "Subscriptions after a rejected batch");
        Check.Sequence(before.Mailboxes.Select(Describe), after.Mailboxes.Select(Describe), "Mailboxes after a rejected batch");
    }

    public async Task<MailboxId> CreateAsync(string name) => (await DoAsync(new CreateMailbox(name))).Mailbox;

    public async Task<LoadedMailbox> LoadAsync(MailboxId mailbox, AccountId? account = null) =>
        await ReadLoadAsync(Check.NotNull(await (await OpenAsync(account)).LoadAsync(mailbox, default), "Loading a mailbox"));

    public static async Task<LoadedMailbox> ReadLoadAsync(MailboxLoad load)
    {
        var rows = new List<MailboxRow>();
        await foreach (var segment in load.Segments)
        {
            Check.That(segment.Count <= StorageLimits.RowsPerSegment, $"A segment of {segment.Count} rows.");
            AddRows(segment, rows);
        }

        CheckAscending(rows.Select(static row => row.Uid.Value), "UIDs of a load");
        return new LoadedMailbox(load.AsOf, load.Info, rows);
    }

    public static void AddRows(ColumnSegment segment, List<MailboxRow> rows)
    {
        Check.That(
            segment.Flags.Length == segment.Count && segment.ModSeqs.Length == segment.Count && segment.Sizes.Length == segment.Count,
            "Columns of different lengths.");
        for (var i = 0; i < segment.Count; i++)
        {
            rows.Add(new MailboxRow(new Uid(segment.Uids[i]), segment.Flags[i], new ModSeq(segment.ModSeqs[i]), segment.Sizes[i]));
        }
    }

    public static void CheckAscending(IEnumerable<uint> uids, string what)
    {
        var last = 0u;
        foreach (var uid in uids)
        {
            Check.That(uid > last, $"{what}: {uid} follows {last}.");
            last = uid;
        }
    }

    public async Task<ChangeSet> ChangesAsync(ModSeq since, MailboxId? scope = null, int limit = 100_000) =>
        await (await OpenAsync()).ChangesSinceAsync(since, scope, limit, default);

    public async Task<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, MessageFields fields, params uint[] uids) =>
        await (await OpenAsync()).ReadAsync(mailbox, uids.Select(static uid => new Uid(uid)).ToArray(), fields, default);

    public async Task<MessageRow> ReadOneAsync(MailboxId mailbox, uint uid)
    {
        var rows = await ReadAsync(mailbox, MessageFields.All, uid);
        Check.Equal(1, rows.Count, $"Rows read for UID {uid}");
        Check.Equal(uid, rows[0].Uid.Value, "UID read");
        return rows[0];
    }

    public async Task<IContentReader> OpenContentAsync(ContentId id) =>
        Check.NotNull(await Store.OpenContentAsync(id, default), $"Content {id}");

    public async Task<byte[]> ContentAsync(ContentId id)
    {
        await using var reader = await OpenContentAsync(id);
        return await ReadAllAsync(reader);
    }

    public static async Task<byte[]> ReadAllAsync(IContentReader reader, int bufferSize = 16 * 1024)
    {
        var octets = new byte[reader.Length];
        for (var at = 0L; at < octets.Length;)
        {
            var count = await reader.ReadAsync(at, octets.AsMemory((int)at, (int)Math.Min(bufferSize, octets.Length - at)), default);
            Check.That(count > 0, $"Reading stopped at octet {at} of {octets.Length}.");
            at += count;
        }

        Check.Equal(0, await reader.ReadAsync(octets.Length, new byte[1], default), "Octets read at the end");
        return octets;
    }

    /// <summary>Lets several do the same at the same moment.</summary>
    public static async Task<T[]> AllAtOnceAsync<T>(int count, Func<Task<T>> run)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(async () =>
        {
            await start.Task;
            return await run();
        })));
        start.SetResult();
        return await all;
    }

    /// <summary>What must hold of any account at any time.</summary>
    public async Task VerifyAsync()
    {
        foreach (var account in _accounts)
        {
            var snapshot = await SnapshotAsync(account);
            Check.Sequence(
                snapshot.Mailboxes.Select(static info => info.Name).Order(StringComparer.Ordinal),
                snapshot.Mailboxes.Select(static info => info.Name),
                "Names in a snapshot");
            Check.Equal(snapshot.Mailboxes.Sum(static info => info.Bytes), snapshot.QuotaUsed, "Quota used against the sum of all mailboxes");
            var mirror = new FeedMirror();
            var changes = await (await OpenAsync(account)).ChangesSinceAsync(default, null, int.MaxValue, default);
            if (changes.Truncated)
            {
                Check.That(changes.OldestKept.Value > 0, "A change set without a limit is truncated though everything is kept.");
            }
            else
            {
                mirror.Apply(changes);
            }
            foreach (var info in snapshot.Mailboxes)
            {
                var load = await LoadAsync(info.Id, account);
                Verify(load);
                Check.Equal(Describe(info), Describe(load.Info), "A mailbox in the snapshot against its load");
                (changes.Truncated ? FeedMirror.From(load) : mirror).CheckSame(load);
            }
        }
    }

    public static void Verify(LoadedMailbox load)
    {
        var (info, rows) = (load.Info, load.Rows);
        Check.Equal(rows.Count, info.Messages, $"Messages of {info.Name} against its rows");
        Check.Equal(rows.Count(static row => !row.Flags.HasFlag(SystemFlags.Seen)), info.Unseen, $"Unseen of {info.Name} against its rows");
        Check.Equal(rows.Count(static row => row.Flags.HasFlag(SystemFlags.Deleted)), info.Deleted, $"Deleted of {info.Name} against its rows");
        Check.Equal(rows.Sum(static row => (long)row.Size), info.Bytes, $"Bytes of {info.Name} against its rows");
        Check.That(info.Keywords.Count <= StorageLimits.KeywordsPerMailbox, $"{info.Keywords.Count} keywords in {info.Name}.");
        Check.That(info.HighestModSeq.Value >= 1 && info.HighestModSeq <= load.AsOf, $"HighestModSeq {info.HighestModSeq} of {info.Name} as of {load.AsOf}.");
        var keywordBits = info.Keywords.Count == 0 ? 0 : ulong.MaxValue >> (64 - info.Keywords.Count);
        foreach (var row in rows)
        {
            Check.That(row.ModSeq.Value >= 1 && row.ModSeq <= info.HighestModSeq, $"ModSeq {row.ModSeq} of UID {row.Uid} is past HighestModSeq {info.HighestModSeq}.");
            Check.That((row.FlagWord >> 8 & ~keywordBits) == 0, $"UID {row.Uid} has a keyword without a name.");
            Check.That(row.Uid < info.UidNext || info.UidNext.Value == uint.MaxValue, $"UID {row.Uid} is not below UIDNEXT {info.UidNext}.");
        }
    }

    private static string Describe(MailboxInfo info) =>
        $"{info with { Keywords = [], Acl = [] }} {string.Join(' ', info.Keywords)} {string.Join(' ', info.Acl)}";
}
