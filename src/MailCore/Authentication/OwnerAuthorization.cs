using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>Everything in a user's own account; in another's nothing but <see cref="MailboxRights.Post"/>. Nothing can be shared.</summary>
public sealed class OwnerAuthorization : IMailboxAuthorization
{
    /// <inheritdoc/>
    public ValueTask<MailboxRights> GetRightsAsync(
        MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        return ValueTask.FromResult(user.Account == account ? MailboxRights.All : MailboxRights.Post);
    }
}
