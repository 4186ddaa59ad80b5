using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MailCore.Storage;

/// <summary>
/// A handle on one mailbox: light, thread-safe, holding nothing of its content. UIDs that do not exist are passed over by every
/// operation; a mailbox that is gone answers <see cref="CommitError.NoMailbox"/>.
/// </summary>
public sealed class Mailbox
{
    private const int ReadSize = 32 * 1024;

    internal Mailbox(MailAccount account, MailboxId id) => (Account, Id) = (account, id);

    /// <summary>Whose it is.</summary>
    public MailAccount Account { get; }

    /// <summary>Stays the same when the mailbox is renamed.</summary>
    public MailboxId Id { get; }

    /// <summary>Name, counters and attributes now; null when it is gone.</summary>
    public async ValueTask<MailboxInfo?> GetInfoAsync(CancellationToken cancellationToken = default) =>
        (await Account.SnapshotAsync(cancellationToken)).Mailboxes.FirstOrDefault(info => info.Id == Id);

    /// <summary>Appends a message read to the stream's end. The stream is left open.</summary>
    public ValueTask<AppendResult> AppendAsync(Stream message, CancellationToken cancellationToken = default) =>
        AppendAsync(message, AppendOptions.Default, cancellationToken);

    /// <inheritdoc cref="AppendAsync(Stream, CancellationToken)"/>
    public async ValueTask<AppendResult> AppendAsync(Stream message, AppendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        var reader = PipeReader.Create(message, new StreamPipeReaderOptions(bufferSize: ReadSize, leaveOpen: true));
        try
        {
            var hint = new StageHint(message.CanSeek ? message.Length - message.Position : null, [Account.Id]);
            await using var staged = await Account.Accounts.StageAsync(reader, hint, cancellationToken);
            return await AppendAsync([new MessageToAppend(staged, options)], cancellationToken);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <summary>Appends messages together: all or none, in order (RFC 3502).</summary>
    public async ValueTask<AppendResult> AppendAsync(IReadOnlyList<MessageToAppend> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var now = Account.Accounts.Time.GetUtcNow();
        var result = await Account.CommitAsync([.. messages.Select(message => ToChange(Id, message, now))], cancellationToken);
        return new AppendResult(
            result.Error,
            result.ModSeq,
            result.FailedAt,
            result.Changes.Count == 0 ? 0 : result.Changes[0].UidValidity,
            [.. result.Changes.Select(static change => change.NewUids is [var uid, ..] ? new Uid(uid) : default)]);
    }

    /// <summary>
    /// Appends a message to a mailbox and removes one of this mailbox, both or neither (RFC 8508). When the latter is gone already the
    /// former is appended all the same. In another account it is appended first: a failure then leaves both.
    /// </summary>
    public async ValueTask<AppendResult> ReplaceAsync(Uid replaced, Mailbox to, MessageToAppend message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(message);
        if (to.Account.Id != Account.Id)
        {
            var added = await to.AppendAsync([message], cancellationToken);
            return added.Succeeded && await RemoveAsync([replaced], cancellationToken) is { Succeeded: false, Error: not CommitError.NoMailbox } stays
                ? new AppendResult(stays.Error, null, -1, 0, [])
                : added;
        }

        // First the room is made, then it is taken: a quota that is full does not prevent it.
        var result = await Account.CommitAsync(
            [new Expunge(Id, [replaced.Value], OnlyDeleted: false), ToChange(to.Id, message, Account.Accounts.Time.GetUtcNow())], cancellationToken);
        return result.Changes is [_, var appended]
            ? new AppendResult(result.Error, result.ModSeq, result.FailedAt, appended.UidValidity, Unpack(appended.NewUids))
            : new AppendResult(result.Error, result.ModSeq, result.FailedAt, 0, []);
    }

    /// <summary>Alters flags.</summary>
    public async ValueTask<SetFlagsResult> SetFlagsAsync(IReadOnlyList<Uid> uids, FlagChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var set = new SetFlags(Id, Pack(uids), change.Mode, change.Flags, change.Keywords, change.UnchangedSince);
        var result = await Account.CommitAsync(set, cancellationToken);
        return new SetFlagsResult(result.Error, result.ModSeq, Sources(result), result.Changes.Count == 0 ? [] : Unpack(result.Changes[0].Refused));
    }

    /// <summary>Removes messages that carry \Deleted when the change takes effect.</summary>
    public ValueTask<ExpungeResult> ExpungeAsync(IReadOnlyList<Uid> uids, CancellationToken cancellationToken = default) =>
        ExpungeAsync(new Expunge(Id, Pack(uids), OnlyDeleted: true), cancellationToken);

    /// <summary>Removes messages whatever their flags are.</summary>
    public ValueTask<ExpungeResult> RemoveAsync(IReadOnlyList<Uid> uids, CancellationToken cancellationToken = default) =>
        ExpungeAsync(new Expunge(Id, Pack(uids), OnlyDeleted: false), cancellationToken);

    /// <summary>Copies messages within the account, in the order given.</summary>
    public ValueTask<CopyResult> CopyAsync(IReadOnlyList<Uid> uids, MailboxId to, CancellationToken cancellationToken = default) =>
        CopyAsync(new Copy(Id, Pack(uids), to, Move: false), cancellationToken);

    /// <summary>Moves messages within the account, in the order given.</summary>
    public ValueTask<CopyResult> MoveAsync(IReadOnlyList<Uid> uids, MailboxId to, CancellationToken cancellationToken = default) =>
        CopyAsync(new Copy(Id, Pack(uids), to, Move: true), cancellationToken);

    /// <summary>
    /// Copies messages, in the order given, to a mailbox that may be another account's, with only some of their flags. Many of them into
    /// another account are several changes, which are taken back together when one of them is refused.
    /// </summary>
    public ValueTask<CopyResult> CopyAsync(IReadOnlyList<Uid> uids, Mailbox to, FlagsKept kept, CancellationToken cancellationToken = default) =>
        TransferAsync(uids, to, kept, moves: false, cancellationToken);

    /// <summary>
    /// As <see cref="CopyAsync(IReadOnlyList{Uid}, Mailbox, FlagsKept, CancellationToken)"/>; the originals go when the copies are safe. A
    /// failure then leaves both.
    /// </summary>
    public ValueTask<CopyResult> MoveAsync(IReadOnlyList<Uid> uids, Mailbox to, FlagsKept kept, CancellationToken cancellationToken = default) =>
        TransferAsync(uids, to, kept, moves: true, cancellationToken);

    /// <summary>
    /// Claims \Recent (RFC 3501 2.3.2): messages from the UID returned on are recent for this caller and for nobody after; null when
    /// the mailbox is gone.
    /// </summary>
    public async ValueTask<Uid?> ClaimRecentAsync(CancellationToken cancellationToken = default)
    {
        var result = await Account.CommitAsync(new ClaimRecent(Id), cancellationToken);
        return result.Error == CommitError.None ? result.Changes[0].RecentFrom : null;
    }

    /// <summary>Details of messages in the order asked for, fetched in batches. Those unknown to the store are left out.</summary>
    public async IAsyncEnumerable<MessageRow> ReadAsync(
        ReadOnlyMemory<Uid> uids, MessageFields fields, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (!uids.IsEmpty)
        {
            var batch = uids[..Math.Min(uids.Length, StorageLimits.UidsPerRead)];
            uids = uids[batch.Length..];
            foreach (var row in await Account.Store.ReadAsync(Id, batch, fields, cancellationToken))
            {
                yield return row;
            }
        }
    }

    /// <summary>As <see cref="ReadAsync"/>, for at most <see cref="StorageLimits.UidsPerRead"/> messages at once.</summary>
    public ValueTask<IReadOnlyList<MessageRow>> ReadBatchAsync(ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken = default) =>
        Account.Store.ReadAsync(Id, uids, fields, cancellationToken);

    /// <summary>Looks at messages, at most <see cref="StorageLimits.UidsPerRead"/> at once, without copying where the store can; see <see cref="IAccountStore.ScanAsync"/>.</summary>
    public ValueTask ScanBatchAsync(ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler, CancellationToken cancellationToken = default) =>
        Account.Store.ScanAsync(Id, uids, fields, handler, cancellationToken);

    /// <summary>Opens the octets of a message read with <see cref="MessageFields.Content"/>; null when they are gone.</summary>
    public ValueTask<MessageContent?> OpenContentAsync(MessageRow row, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        return Account.Accounts.OpenContentAsync(row.Content, row.Prefix, cancellationToken);
    }

    /// <summary>
    /// By the store's index, the messages that may hold a text; null when the store has none or it can't tell. Each is still to be
    /// looked into.
    /// </summary>
    public ValueTask<UidSet?> FindCandidatesAsync(string text, MessageTextScope scope, CancellationToken cancellationToken = default) =>
        Account.Accounts.Search?.FindCandidatesAsync(Account.Id, Id, text, scope, cancellationToken) ?? ValueTask.FromResult<UidSet?>(null);

    /// <summary>Keeps a better summary, unless the message is gone; false when the mailbox is gone.</summary>
    public async ValueTask<bool> PutSummaryAsync(Uid uid, ReadOnlyMemory<byte> summary, CancellationToken cancellationToken = default) =>
        (await Account.CommitAsync(new PutSummary(Id, uid, summary), cancellationToken)).Error == CommitError.None;

    /// <summary>Its annotations, in ordinal order of their names.</summary>
    public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(CancellationToken cancellationToken = default) =>
        Account.Store.ReadMetadataAsync(Id, cancellationToken);

    /// <summary>Sets annotations together; a null value removes one. A name that is none is refused with <see cref="CommitError.NotSupported"/>.</summary>
    public ValueTask<MailboxResult> SetMetadataAsync(IReadOnlyList<(string Entry, byte[]? Value)> entries, CancellationToken cancellationToken = default) =>
        Account.SetMetadataAsync(Id, entries, cancellationToken);

    /// <summary>Alters the rights of one identifier; the list is <see cref="MailboxInfo.Acl"/>.</summary>
    public async ValueTask<MailboxResult> SetAclAsync(string identifier, FlagMode mode, string rights, CancellationToken cancellationToken = default) =>
        MailAccount.Plain(await Account.CommitAsync(new SetAcl(Id, identifier, mode, rights), cancellationToken));

    /// <summary>
    /// The view that all sessions of this process share, brought up to date; null when the mailbox is gone. Hold it as long as it is
    /// of use; there is nothing to dispose.
    /// </summary>
    public async ValueTask<MailboxView?> OpenViewAsync(CancellationToken cancellationToken = default)
    {
        var view = Account.ShareView(this);
        return (await view.RefreshAsync(cancellationToken)).IsRemoved ? null : view;
    }

    /// <summary>
    /// The UIDs that left after a ModSeq, ascending; also those that came after it and left again. Null when the store's history does
    /// not reach back so far, or too much has changed: then whoever asks must compare with all that is there.
    /// </summary>
    public async ValueTask<IReadOnlyList<Uid>?> VanishedSinceAsync(ModSeq since, CancellationToken cancellationToken = default)
    {
        var changes = await Account.Store.ChangesSinceAsync(since, Id, MailboxView.ChangeLimit, cancellationToken);
        if (changes.Truncated)
        {
            return null;
        }

        foreach (var delta in changes.Mailboxes)
        {
            if (delta.Info.Id == Id)
            {
                return Unpack(delta.Vanished);
            }
        }

        return [];
    }

    private ValueTask<CopyResult> TransferAsync(IReadOnlyList<Uid> uids, Mailbox to, FlagsKept kept, bool moves, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(kept);
        return to.Account.Id == Account.Id && kept.AreAll
            ? CopyAsync(new Copy(Id, Pack(uids), to.Id, moves), cancellationToken)
            : new MessageTransfer(this, to, kept).RunAsync(uids, moves, cancellationToken);
    }

    private async ValueTask<ExpungeResult> ExpungeAsync(Expunge change, CancellationToken cancellationToken)
    {
        var result = await Account.CommitAsync(change, cancellationToken);
        return new ExpungeResult(result.Error, result.ModSeq, Sources(result));
    }

    private async ValueTask<CopyResult> CopyAsync(Copy change, CancellationToken cancellationToken)
    {
        var result = await Account.CommitAsync(change, cancellationToken);
        return result.Changes is [var copied, ..]
            ? new CopyResult(result.Error, result.ModSeq, copied.UidValidity, Unpack(copied.SourceUids), Unpack(copied.NewUids))
            : new CopyResult(result.Error, result.ModSeq, 0, [], []);
    }

    private static AppendMessage ToChange(MailboxId to, MessageToAppend message, DateTimeOffset now)
    {
        var options = message.Options;
        return new AppendMessage(
            to, message.Message.Content, options.Prefix, options.Flags, options.Keywords, options.InternalDate ?? now, message.Message.Summary)
        {
            DeliveryKey = options.DeliveryKey,
            KeepUid = options.KeepUid,
            KeepEmailId = options.KeepEmailId,
            IgnoreQuota = options.IgnoreQuota,
        };
    }

    private static Uid[] Sources(CommitResult result) => result.Changes.Count == 0 ? [] : Unpack(result.Changes[0].SourceUids);

    private static Uid[] Unpack(uint[] uids) => MemoryMarshal.Cast<uint, Uid>(uids).ToArray();

    private static uint[] Pack(IReadOnlyList<Uid> uids)
    {
        ArgumentNullException.ThrowIfNull(uids);
        var packed = new uint[uids.Count];
        for (var i = 0; i < packed.Length; i++)
        {
            packed[i] = uids[i].Value;
        }

        return packed;
    }
}
