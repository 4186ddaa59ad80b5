using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>Everything in a user's own account, nothing in another's.</summary>
public sealed class OwnerAuthorization : IMailboxAuthorization
{
    /// <inheritdoc/>
    public ValueTask<MailboxRights> GetRightsAsync(MailIdentity user, AccountId account, string mailbox, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        return ValueTask.FromResult(user.Account == account ? MailboxRights.All : MailboxRights.None);
    }
}
