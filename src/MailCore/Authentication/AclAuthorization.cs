using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>
/// Everything in a user's own account, and in others what access control lists give (RFC 4314): the rights of the user, of the user's
/// groups and of anyone together, without those that an entry with "-" takes away.
/// </summary>
/// <remarks>A mailbox without any list is its owner's alone, and takes mail from everybody as the inbox does.</remarks>
public sealed class AclAuthorization : IMailboxAuthorization
{
    private readonly MailAccounts _accounts;

    /// <summary>Finds out from <paramref name="accounts"/> who shares.</summary>
    public AclAuthorization(MailAccounts accounts)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        _accounts = accounts;
    }

    /// <inheritdoc/>
    public bool ObeysAcl => true;

    /// <inheritdoc/>
    public ValueTask<MailboxRights> GetRightsAsync(
        MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(acl);
        return ValueTask.FromResult(RightsOf(user, account, acl));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountId>> FindSharingAccountsAsync(MailIdentity user, CancellationToken cancellationToken) =>
        _accounts.FindSharingAsync(AclIdentifier.Of(user), cancellationToken);

    /// <summary>The rights by a list; an owner's do not depend on it.</summary>
    public static MailboxRights RightsOf(MailIdentity user, AccountId owner, IReadOnlyList<AclEntry> acl)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(acl);
        if (!user.IsAnyone && user.Account == owner)
        {
            return MailboxRights.All;
        }

        if (acl.Count == 0)
        {
            return MailboxRights.Post;
        }

        var identifiers = AclIdentifier.Of(user);
        var (granted, denied) = (MailboxRights.None, MailboxRights.None);
        foreach (var (identifier, rights) in acl)
        {
            if (identifiers.Contains(identifier))
            {
                granted |= RightsText.ParseKnown(rights);
            }
            else if (identifier[0] == '-' && identifiers.Contains(identifier[1..]))
            {
                denied |= RightsText.ParseKnown(rights);
            }
        }

        return granted & ~denied;
    }
}
