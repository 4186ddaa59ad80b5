using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Storage;

namespace MailCore.Imap;

internal sealed partial class ImapSession
{
    private static readonly ImapReply NotPermitted = ImapReply.Rejected(CommitError.NoPermission);

    private MailboxNamespaces? _namespaces;

    /// <summary>Of who is logged in.</summary>
    public MailboxNamespaces Namespaces => _namespaces ??= new MailboxNamespaces(Options, Account.Id, Services.Shares);

    /// <summary>What the user may do with a mailbox.</summary>
    public ValueTask<MailboxRights> RightsAsync(AccountId account, MailboxInfo info) => RightsAsync(account, info.Name, info.Acl);

    /// <summary>The mailbox of this name, if it is there for this user and the operation is allowed.</summary>
    /// <param name="name">The client's name for it.</param>
    /// <param name="operation">What for.</param>
    /// <param name="missing">For a mailbox that is not there: TRYCREATE where making it would help.</param>
    public async ValueTask<MailboxAccess> FindMailboxAsync(MailboxName name, MailboxOperation operation, string missing = "NONEXISTENT")
    {
        var place = Namespaces.Locate(name);
        if (await OpenAsync(place) is not { } account)
        {
            return new MailboxAccess(null, MailboxRights.None, ImapReply.Rejected(CommitError.NoMailbox, missing));
        }

        if (account == Account && place.Name.IsInbox && Services.OwnersMayAll && await account.FindMailboxAsync(place.Name, Aborted) is { } inbox)
        {
            return new MailboxAccess(inbox, MailboxRights.All, default);
        }

        if ((await account.SnapshotAsync(Aborted)).Mailboxes.FirstOrDefault(info => info.Name == place.Name.Value) is not { } found)
        {
            return new MailboxAccess(null, MailboxRights.None, ImapReply.Rejected(CommitError.NoMailbox, missing));
        }

        var rights = await RightsAsync(account.Id, found);
        return MailboxAccess.Check(rights, operation, missing) is { } refusal
            ? new MailboxAccess(null, rights, refusal)
            : new MailboxAccess(account.OpenMailbox(found.Id), rights, default);
    }

    /// <summary>
    /// The same once more, after a client has taken its time: null when the operation is still allowed on the same mailbox, else the answer.
    /// </summary>
    public async ValueTask<ImapReply?> RecheckAsync(MailboxAccess access, MailboxOperation operation, string missing)
    {
        var mailbox = access.Mailbox!;
        if (mailbox.Account == Account && Services.OwnersMayAll)
        {
            return null;
        }

        return await mailbox.GetInfoAsync(Aborted) is { } info
            ? MailboxAccess.Check(await RightsAsync(mailbox.Account.Id, info), operation, missing)
            : ImapReply.Rejected(CommitError.NoMailbox, missing);
    }

    /// <summary>
    /// Where a mailbox of this name would be made, if the user may do that: by the rights on the nearest mailbox above (RFC 4314 4). The
    /// answer does not depend on whether there is a mailbox of this name.
    /// </summary>
    public async ValueTask<MailboxVacancy> FindVacancyAsync(MailboxName name)
    {
        var place = Namespaces.Locate(name);
        if (await OpenAsync(place) is not { } account)
        {
            return new MailboxVacancy(null, default, [], NotPermitted);
        }

        IReadOnlyList<AclEntry> acl = [];
        if (Services.HasAcl || !Services.OwnersMayAll)
        {
            var mailboxes = (await account.SnapshotAsync(Aborted)).Mailboxes;
            for (var above = place.Name.Parent; above is { } parent; above = parent.Parent)
            {
                if (mailboxes.FirstOrDefault(info => info.Name == parent.Value) is { } found)
                {
                    acl = found.Acl;
                    break;
                }
            }
        }

        var rights = await RightsAsync(account.Id, place.Name.Value, acl);
        return MailboxPermissions.Allows(rights, MailboxOperation.Create)
            ? new MailboxVacancy(account, place.Name, acl, default)
            : new MailboxVacancy(null, default, [], NotPermitted);
    }

    /// <summary>The answer to a name that the store says is taken, itself or one below it; a user who may not know so is not told.</summary>
    public async ValueTask<ImapReply> RefuseNameAsync(CommitError error, MailboxName name) =>
        error == CommitError.MailboxExists
        && !(Services.OwnersMayAll && Namespaces.Locate(name).Account == Account.Id)
        && (await FindMailboxAsync(name, MailboxOperation.Lookup)).Mailbox is null
            ? NotPermitted
            : ImapReply.Rejected(error);

    /// <summary>The mailboxes that the user may know of, in ordinal order of their names.</summary>
    /// <param name="withOthers">Of other accounts too.</param>
    public async ValueTask<VisibleMailboxes> ListMailboxesAsync(bool withOthers)
    {
        var snapshot = await Account.SnapshotAsync(Aborted);
        var visible = new List<VisibleMailbox>(snapshot.Mailboxes.Count);
        await AddVisibleAsync(visible, Account, snapshot);
        if (withOthers && Services.Shares)
        {
            foreach (var id in await Services.Authorization.FindSharingAccountsAsync(Identity!, Aborted))
            {
                if (id != Account.Id && await Services.Accounts.OpenAsync(id, Aborted) is { } other)
                {
                    await AddVisibleAsync(visible, other, await other.SnapshotAsync(Aborted));
                }
            }

            visible.Sort(static (one, other) => string.CompareOrdinal(one.Info.Name, other.Info.Name));
        }

        return new VisibleMailboxes(visible, snapshot.Subscriptions);
    }

    private async ValueTask AddVisibleAsync(List<VisibleMailbox> visible, MailAccount account, AccountSnapshot snapshot)
    {
        foreach (var info in snapshot.Mailboxes)
        {
            var rights = await RightsAsync(account.Id, info);
            if (MailboxPermissions.Allows(rights, MailboxOperation.Lookup) && Namespaces.NameOf(account.Id, info.Name) is { } name)
            {
                // Another's drafts are not where this user's drafts go.
                visible.Add(new VisibleMailbox(
                    account.OpenMailbox(info.Id), account == Account ? info : info with { Name = name, SpecialUse = null }, rights));
            }
        }
    }

    private ValueTask<MailboxRights> RightsAsync(AccountId account, string name, IReadOnlyList<AclEntry> acl) =>
        Services.Authorization.GetRightsAsync(Identity!, account, name, acl, Aborted);

    // Opening an account may make it: only those are opened in which the user has something.
    private async ValueTask<MailAccount?> OpenAsync(MailboxPlace place) =>
        place.Account is not { } id ? null
        : id == Account.Id ? Account
        : (await Services.Authorization.FindSharingAccountsAsync(Identity!, Aborted)).Contains(id) ? await Services.Accounts.OpenAsync(id, Aborted)
        : null;
}
