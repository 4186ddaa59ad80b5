using MailCore.Messaging;

namespace MailCore.Storage;

/// <summary>Which addresses are ours, whose they are, and who may send as whom. Thread-safe.</summary>
public interface IMailDirectory
{
    /// <summary>What an address stands for. Local parts compare without case; subaddresses are the router's concern.</summary>
    ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken);

    /// <summary>Whether the account may use the address as a sender.</summary>
    ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an account; with a password where this directory also authenticates. Throws <see cref="InvalidOperationException"/>
    /// when the address is taken, <see cref="NotSupportedException"/> when accounts are made elsewhere.
    /// </summary>
    ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken);

    /// <summary>All accounts, in no particular order.</summary>
    IAsyncEnumerable<DirectoryAccount> ListAsync(CancellationToken cancellationToken);

    /// <summary>Removes the account's addresses and password, not its mail; false when there was none.</summary>
    ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken);
}

/// <summary>An account and its first address, which is also its login name.</summary>
public sealed record DirectoryAccount(AccountId Id, EmailAddress Address);

/// <summary>Passing an account's mail on.</summary>
/// <param name="Targets">Who gets it.</param>
/// <param name="KeepsCopy">Whether it goes into the account's own mailbox, too.</param>
public sealed record MailForward(IReadOnlyList<EmailAddress> Targets, bool KeepsCopy);

/// <summary>What <see cref="IMailDirectory.ResolveAsync"/> found.</summary>
public abstract record DirectoryEntry
{
    private DirectoryEntry() { }

    /// <summary>The address of an account.</summary>
    public sealed record Account(AccountId Id) : DirectoryEntry
    {
        /// <summary>Who else gets its mail; null for nobody.</summary>
        public MailForward? Forward { get; init; }
    }

    /// <summary>Stands for other addresses, which may be aliases again.</summary>
    public sealed record Alias(IReadOnlyList<EmailAddress> Targets) : DirectoryEntry;

    /// <summary>Not ours to store, but ours to pass on.</summary>
    public sealed record RelayDomain : DirectoryEntry
    {
        /// <summary>Where to; null means that the relay finds the way by the domain.</summary>
        public NextHop? Via { get; init; }
    }

    /// <summary>The domain is ours and has no such address.</summary>
    public sealed record Unknown : DirectoryEntry
    {
        /// <summary>Who gets the mail of such addresses: what an expression says, or else the domain's catch-all. Empty for nobody.</summary>
        public IReadOnlyList<EmailAddress> Instead { get; init; } = [];
    }

    /// <summary>The domain is not ours.</summary>
    public sealed record Foreign : DirectoryEntry;

    /// <summary>Can't tell now; the sender shall try again.</summary>
    public sealed record TryLater(string Reason) : DirectoryEntry;
}
