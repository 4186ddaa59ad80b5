using System.Text;
using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>Keeps annotations as text.</summary>
internal sealed class TextMetadataStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(IAccountStore account, MailboxId? mailbox) =>
        [.. (await account.ReadMetadataAsync(mailbox, default)).Select(static entry => entry with { Value = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entry.Value.Span)) })];
}

/// <summary>Speaks in its feed of mailboxes whose rows changed, and of no others.</summary>
internal sealed class RowsOnlyFeedStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        var changes = await account.ChangesSinceAsync(since, scope, limit, default);
        return since.Value == 0 || changes.StructureChanged
            ? changes
            : changes with { Mailboxes = [.. changes.Mailboxes.Where(static delta => delta.Changed.Count + delta.Vanished.Length > 0)] };
    }
}

/// <summary>Works out a new access control list before the commit instead of inside it.</summary>
internal sealed class AclRaceStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches is not [{ Changes: [SetAcl set] } batch])
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        var account = (await Inner.OpenAsync(batch.Account, cancellationToken))!;
        var acl = set.ApplyTo((await account.SnapshotAsync(cancellationToken)).Mailboxes.Single(info => info.Id == set.Mailbox).Acl);
        for (var turn = 0; turn < 50; turn++)
        {
            await Task.Yield();
        }

        var rights = acl.FirstOrDefault(entry => entry.Identifier == set.Identifier)?.Rights ?? "";
        return await Inner.CommitAsync([batch with { Changes = [set with { Mode = FlagMode.Replace, Rights = rights }] }], cancellationToken);
    }
}

/// <summary>Passes changes on without a part of what they say.</summary>
internal sealed class ForgetfulCommitStore(IMailStore inner, Func<StoreChange, StoreChange> forget) : StoreWrapper(inner)
{
    public override ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        CommitChangedAsync(batches, forget);
}

/// <summary>An archive that says yes to every change and makes none.</summary>
internal sealed class PoliteArchiveStore(IMailStore inner) : StoreWrapper(inner)
{
    public override StoreTraits Traits => StoreTraits.FaithfulContent;

    public override ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<CommitResult>>([
            .. batches.Select(static batch => new CommitResult(CommitError.None, -1, null, [.. batch.Changes.Select(static _ => new ChangeResult(default, 1, [], [], [], new Uid(1)))])),
        ]);
}

/// <summary>Looks for identifiers anywhere in the lists.</summary>
internal sealed class LooseSharingStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken) =>
        await Inner.FindSharingAsync([.. identifiers, .. identifiers.Select(static identifier => identifier + "b")], cancellationToken);
}
