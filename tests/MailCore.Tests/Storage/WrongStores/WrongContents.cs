using System.Buffers;
using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>Forgets what stands before the content.</summary>
internal sealed class LostPrefixStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
        [.. (await account.ReadAsync(mailbox, uids, fields, default)).Select(static row => row with { Prefix = default })];
}

/// <summary>Shows messages to a handler without the last of those asked for.</summary>
internal sealed class ShortScanStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override ValueTask ScanAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler) =>
        account.ScanAsync(mailbox, uids.IsEmpty ? uids : uids[..^1], fields, handler, default);
}

/// <summary>Shows messages to a handler with the details of others.</summary>
internal sealed class ShiftedScanStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask ScanAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler)
    {
        var rows = await account.ReadAsync(mailbox, uids, fields, default);
        for (var i = 0; i < rows.Count; i++)
        {
            handler(new MessageGlance(rows[i] with { EmailId = rows[(i + 1) % rows.Count].EmailId }));
        }
    }
}

/// <summary>Alters what a copy must keep.</summary>
internal sealed class LossyCopyStore(IMailStore inner, Func<MessageRow, MessageRow> lose) : StoreWrapper(inner)
{
    private readonly HashSet<(MailboxId, uint)> _copies = [];

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = await Inner.CommitAsync(batches, cancellationToken);
        for (var i = 0; i < results.Count; i++)
        {
            foreach (var (change, result) in batches[i].Changes.Zip(results[i].Changes))
            {
                if (change is Copy)
                {
                    _copies.UnionWith(result.NewUids.Select(uid => (result.Mailbox, uid)));
                }
            }
        }

        return results;
    }

    protected override async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
        [.. (await account.ReadAsync(mailbox, uids, fields, default)).Select(row => _copies.Contains((mailbox, row.Uid.Value)) ? lose(row) : row)];
}

/// <summary>Deletes rows and content the moment a message is expunged.</summary>
internal sealed class HastyExpungeStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
        [.. (await account.ReadAsync(mailbox, uids, fields, default)).Where(static row => !row.Expunged)];
}

/// <summary>Gives every mailbox the same UIDVALIDITY.</summary>
internal sealed class OneUidValidityStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        [.. (await Inner.CommitAsync(batches, cancellationToken))
            .Select(static result => result with { Changes = [.. result.Changes.Select(static change => change with { UidValidity = 1 })] })];

    protected override async ValueTask<AccountSnapshot> SnapshotAsync(IAccountStore account)
    {
        var snapshot = await account.SnapshotAsync(default);
        return snapshot with { Mailboxes = [.. snapshot.Mailboxes.Select(static info => info with { UidValidity = 1 })] };
    }
}

/// <summary>Ends every message with a line end.</summary>
internal sealed class FinalLineEndStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        ReadResult result;
        while (!(result = await bytes.ReadAsync(cancellationToken)).IsCompleted)
        {
            bytes.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        var octets = result.Buffer.ToArray();
        bytes.AdvanceTo(result.Buffer.End);
        return await Inner.StageAsync(PipeReader.Create(new ReadOnlySequence<byte>([.. octets, .. octets is [.., (byte)'\n'] ? ""u8 : "\r\n"u8])), hint, cancellationToken);
    }
}

/// <summary>Takes what came before a pipe broke for a whole message.</summary>
internal sealed class HalfMessageStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        var octets = new MemoryStream();
        try
        {
            await bytes.CopyToAsync(octets, cancellationToken);
        }
        catch (IOException)
        {
            // That was the end, then.
        }

        return await Inner.StageAsync(PipeReader.Create(new ReadOnlySequence<byte>(octets.ToArray())), hint, cancellationToken);
    }
}

/// <summary>Takes the announced length for the length.</summary>
internal sealed class GullibleStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        var octets = new MemoryStream();
        await bytes.CopyToAsync(octets, cancellationToken);
        var length = (int)Math.Min(hint.Length ?? octets.Length, octets.Length);
        return await Inner.StageAsync(PipeReader.Create(new ReadOnlySequence<byte>(octets.ToArray(), 0, length)), hint, cancellationToken);
    }
}

/// <summary>Shows a row before its content can be opened.</summary>
internal sealed class RowBeforeContentStore(IMailStore inner) : StoreWrapper(inner)
{
    private volatile HashSet<ContentId> _late = [];

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        _late = [.. batches.SelectMany(static batch => batch.Changes).OfType<AppendMessage>().Select(static append => append.Content.Id)];
        return await Inner.CommitAsync(batches, cancellationToken);
    }

    public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) =>
        _late.Contains(id) ? ValueTask.FromResult<IContentReader?>(null) : Inner.OpenContentAsync(id, cancellationToken);
}

/// <summary>Makes up an EMAILID each time it is asked.</summary>
internal sealed class FreshEmailIdStore(IMailStore inner) : StoreWrapper(inner)
{
    private int _last;

    protected override async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
        [.. (await account.ReadAsync(mailbox, uids, fields, default)).Select(row => row with { EmailId = new EmailId($"E{++_last}") })];
}
