using MailCore.Messaging;

namespace MailCore.Storage;

/// <summary>
/// The part of a directory that can be changed while the server runs: an ability of its own, since many directories are somebody else's.
/// Changes hold from the next look-up on. Thread-safe.
/// </summary>
public interface IMailDirectoryEditor
{
    /// <summary>What is known of one account; null when there is none.</summary>
    ValueTask<DirectoryAccountDetails?> FindAccountAsync(AccountId account, CancellationToken cancellationToken);

    /// <summary>Replaces an account's password, or with null takes it away; false when there is no such account.</summary>
    ValueTask<bool> SetPasswordAsync(AccountId account, string? password, CancellationToken cancellationToken);

    /// <summary>Passes an account's mail on, or with null no longer; false when there is no such account.</summary>
    ValueTask<bool> SetForwardAsync(AccountId account, MailForward? forward, CancellationToken cancellationToken);

    /// <summary>
    /// Lets an account send as an address that it does not have, or as all of a domain ("@example.org"), or no longer; false when that
    /// changes nothing. Throws <see cref="FormatException"/> when the address is neither.
    /// </summary>
    ValueTask<bool> SetSenderAsync(AccountId account, string address, bool isAllowed, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an alias, in the place of one of the same name; its domain, if it names one, becomes ours. Throws
    /// <see cref="InvalidOperationException"/> when the address belongs to an account.
    /// </summary>
    ValueTask SetAliasAsync(MailAlias alias, CancellationToken cancellationToken);

    /// <summary>Removes an alias by its name; false when there was none.</summary>
    ValueTask<bool> RemoveAliasAsync(string name, CancellationToken cancellationToken);

    /// <summary>All aliases: domains and addresses by name, then expressions in the order in which they are tried.</summary>
    IAsyncEnumerable<MailAlias> ListAliasesAsync(CancellationToken cancellationToken);

    /// <summary>Makes a domain ours to store or to pass on.</summary>
    ValueTask SetDomainAsync(MailDomain domain, CancellationToken cancellationToken);

    /// <summary>Makes a domain foreign again; false when it was. Accounts and aliases in it stay and are found.</summary>
    ValueTask<bool> RemoveDomainAsync(string domain, CancellationToken cancellationToken);

    /// <summary>All domains, by name.</summary>
    IAsyncEnumerable<MailDomain> ListDomainsAsync(CancellationToken cancellationToken);
}

/// <summary>What a directory knows of an account.</summary>
/// <param name="Id">The account.</param>
/// <param name="Addresses">Its first one, the login name, in front.</param>
/// <param name="HasPassword">Whether it can be logged in to by one that this directory keeps.</param>
public sealed record DirectoryAccountDetails(AccountId Id, IReadOnlyList<EmailAddress> Addresses, bool HasPassword)
{
    /// <summary>Who else gets its mail; null for nobody.</summary>
    public MailForward? Forward { get; init; }

    /// <summary>Addresses, and domains as "@example.org", that it may send as besides its own.</summary>
    public IReadOnlyList<string> Senders { get; init; } = [];
}

/// <summary>A domain that mail is taken for.</summary>
/// <param name="Name">In any case; compared without regard to it.</param>
public sealed record MailDomain(string Name)
{
    /// <summary>Passed on, not stored.</summary>
    public bool IsRelayed { get; init; }

    /// <summary>Where a relayed domain's mail goes; null means by the domain's own mail exchangers.</summary>
    public NextHop? Via { get; init; }
}
