using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Testing.Wire;

namespace MailCore.Testing.Accounts;

/// <summary>The inboxes of a test server as its directory and its authenticator: whoever logs in may send as anybody.</summary>
internal sealed class TestAccounts(string domain, SessionBook sessions) : IMailDirectory, IMailAuthenticator, IScramCredentials
{
    private readonly ConcurrentDictionary<string, TestInbox> _inboxes = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<AccountId, TestInbox> _byAccount = new();

    public IEnumerable<TestInbox> All => _inboxes.Values;

    /// <summary>Takes mail for all addresses that are nobody's; null refuses it.</summary>
    public TestInbox? CatchAll { get; set; }

    public bool TryAdd(TestInbox inbox)
    {
        if (!_inboxes.TryAdd(inbox.Address, inbox))
        {
            return false;
        }

        _byAccount[inbox.Account] = inbox;
        return true;
    }

    public TestInbox? Find(string address) => _inboxes.GetValueOrDefault(address);

    public TestInbox? Find(AccountId account) => _byAccount.GetValueOrDefault(account);

    public void Move(TestInbox inbox, AccountId account) => _byAccount[account] = inbox;

    public ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken) => new(
        (Find(address.ToString()) ?? CatchAll) is { } inbox ? new DirectoryEntry.Account(inbox.Account)
        : address.Domain.Equals(domain, StringComparison.OrdinalIgnoreCase) ? new DirectoryEntry.Unknown()
        : new DirectoryEntry.Foreign());

    public ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken) => new(true);

    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A test server's accounts are made by CreateInbox.");

    public async IAsyncEnumerable<DirectoryAccount> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var inbox in All)
        {
            yield return new DirectoryAccount(inbox.Account, EmailAddress.Parse(inbox.Address));
        }
    }

    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken) => new(false);

    public ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken) => new(Find(user) is not null);

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        var inbox = Find(user);
        return new(inbox is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(inbox.Password))
            ? Accept(inbox, context)
            : new AuthenticationResult.Rejected());
    }

    public ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken) => new(
        Find(user) is { } inbox ? new ScramLookup.Found(inbox.ScramKeys(hash), Accept(inbox, context)) : new ScramLookup.Unknown());

    // With SCRAM the proof is still to come; for a transcript that is near enough.
    private AuthenticationResult.Ok Accept(TestInbox inbox, AuthenticationContext context)
    {
        sessions.Find(context.RemoteEndPoint)?.LoggedIn(inbox.Address);
        return new AuthenticationResult.Ok(new MailIdentity(inbox.Address, inbox.Account));
    }
}
