using System.Buffers;
using System.IO.Pipelines;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailCore.Tests.Sqlite;

/// <summary>An account with shortcuts for tests; everything goes through the store's contract.</summary>
internal sealed class SqliteTestAccount
{
    private SqliteTestAccount(SqliteMailStore store, AccountId id, IAccountStore reads, MailboxId inbox) =>
        (Store, Id, Reads, Inbox) = (store, id, reads, inbox);

    public SqliteMailStore Store { get; }

    public AccountId Id { get; }

    public IAccountStore Reads { get; }

    public MailboxId Inbox { get; }

    public static async Task<SqliteTestAccount> OpenAsync(SqliteMailStore store, string name = "anna")
    {
        var id = new AccountId(name);
        var reads = await store.OpenAsync(id, CancellationToken.None);
        return new SqliteTestAccount(store, id, reads!, (await reads!.SnapshotAsync(CancellationToken.None)).Mailboxes.Single(static mailbox => mailbox.Name == "INBOX").Id);
    }

    public static byte[] Octets(int length, int seed = 1)
    {
        var octets = new byte[length];
        new Random(seed).NextBytes(octets);
        return octets;
    }

    public static ValueTask<StagedContent> StageAsync(SqliteMailStore store, byte[] octets) =>
        store.StageAsync(PipeReader.Create(new ReadOnlySequence<byte>(octets)), default, CancellationToken.None);

    public AppendMessage Append(StagedContent content) =>
        new(Inbox, content, "Received: here\r\n"u8.ToArray(), SystemFlags.None, [], new DateTimeOffset(2025, 6, 30, 8, 0, 0, TimeSpan.FromHours(2)), new byte[] { 1, 2, 3 });

    public async Task<uint> AppendAsync(byte[] octets)
    {
        await using var content = await StageAsync(Store, octets);
        return (await CommitAsync(Append(content))).Changes[0].NewUids[0];
    }

    public async Task<CommitResult> CommitAsync(params StoreChange[] changes) =>
        (await Store.CommitAsync([new ChangeBatch(Id, changes)], CancellationToken.None))[0];

    public async Task<MailboxInfo> InboxInfoAsync() =>
        (await Reads.SnapshotAsync(CancellationToken.None)).Mailboxes.Single(mailbox => mailbox.Id == Inbox);

    public async Task<MessageRow?> ReadRowAsync(uint uid) =>
        (await Reads.ReadAsync(Inbox, new[] { new Uid(uid) }, MessageFields.All, CancellationToken.None)).SingleOrDefault();

    public async Task<bool> HasContentAsync(uint uid, byte[] octets) => await ReadContentAsync(uid) is { } read && read.AsSpan().SequenceEqual(octets);

    public async Task<byte[]?> ReadContentAsync(uint uid) => await ReadRowAsync(uid) is { } row ? await ReadContentAsync(row.Content) : null;

    public async Task<byte[]?> ReadContentAsync(ContentId id)
    {
        await using var reader = await Store.OpenContentAsync(id, CancellationToken.None);
        if (reader is null)
        {
            return null;
        }

        var octets = new byte[reader.Length];
        for (var read = 0; read < octets.Length;)
        {
            read += await reader.ReadAsync(read, octets.AsMemory(read), CancellationToken.None);
        }

        return octets;
    }
}
