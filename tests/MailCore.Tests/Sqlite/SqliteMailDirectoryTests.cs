using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

public sealed class SqliteMailDirectoryTests
{
    private const int FewIterations = 1000;

    private static readonly EmailAddress Anna = EmailAddress.Parse("Anna@Example.org");
    private static readonly EmailAddress Bob = EmailAddress.Parse("bob@example.org");
    private static readonly AuthenticationContext Context = new("imap", null, true);

    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;
    private SqliteMailDirectory _directory = null!;
    private SqliteAuthenticator _authenticator = null!;

    [SetUp]
    public void Open()
    {
        _folder = new SqliteTestFolder();
        OpenStore();
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task An_account_is_found_by_its_address_in_any_case_also_after_reopening()
    {
        var id = await _directory.CreateAsync(Anna, null, default);
        await _store.DisposeAsync();
        OpenStore();

        Assert.That(await ResolveAsync("aNNA@exaMple.ORG"), Is.EqualTo(new DirectoryEntry.Account(id)));
        Assert.That(id.Value, Is.EqualTo("anna@example.org"));
    }

    [Test]
    public async Task Domains_decide_what_an_unknown_address_is()
    {
        await _directory.CreateAsync(Anna, null, default);
        await _directory.AddDomainAsync("ours.example", default);
        await _directory.AddRelayDomainAsync("theirs.example", default);
        await _directory.AddRelayDomainAsync("OURS.example", default);

        Assert.That(await ResolveAsync("x@example.org"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(await ResolveAsync("x@Ours.example"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(await ResolveAsync("x@theirs.EXAMPLE"), Is.TypeOf<DirectoryEntry.RelayDomain>());
        Assert.That(await ResolveAsync("x@elsewhere.example"), Is.TypeOf<DirectoryEntry.Foreign>());
        Assert.That(await _directory.RemoveDomainAsync("ours.example", default));
        Assert.That(await ResolveAsync("x@ours.example"), Is.TypeOf<DirectoryEntry.Foreign>());
        Assert.That(async () => await _directory.AddDomainAsync("no domain", default), Throws.TypeOf<FormatException>());
    }

    [Test]
    public async Task Taken_addresses_are_refused()
    {
        var id = await _directory.CreateAsync(Anna, null, default);
        await _directory.SetAliasAsync(Bob, [Anna], default);

        Assert.That(async () => await _directory.CreateAsync(EmailAddress.Parse("anna@example.org"), null, default), Throws.InvalidOperationException);
        Assert.That(async () => await _directory.CreateAsync(Bob, null, default), Throws.InvalidOperationException);
        Assert.That(async () => await _directory.SetAliasAsync(Anna, [Bob], default), Throws.InvalidOperationException);
        Assert.That(async () => await _directory.AddAddressAsync(id, Bob, default), Throws.InvalidOperationException);
        Assert.That(async () => await _directory.AddAddressAsync(new AccountId("nobody"), EmailAddress.Parse("c@example.org"), default), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Aliases_keep_their_targets_in_order_and_their_spelling()
    {
        var targets = new[] { EmailAddress.Parse("\"a b\\\"c\"@x.example"), EmailAddress.Parse("jürgen@bücher.example"), Anna };
        await _directory.SetAliasAsync(Bob, [Anna], default);
        await _directory.SetAliasAsync(Bob, targets, default);

        var entry = (DirectoryEntry.Alias)await ResolveAsync("BOB@example.org");
        Assert.That(entry.Targets.Select(static target => target.ToString()), Is.EqualTo(targets.Select(static target => target.ToString())));
        Assert.That(await _directory.RemoveAliasAsync(Bob, default));
        Assert.That(await _directory.RemoveAliasAsync(Bob, default), Is.False);
        Assert.That(await ResolveAsync("bob@example.org"), Is.TypeOf<DirectoryEntry.Unknown>());
    }

    [Test]
    public async Task An_account_owns_its_addresses_and_aliases_that_lead_to_it()
    {
        var anna = await _directory.CreateAsync(Anna, null, default);
        var bob = await _directory.CreateAsync(Bob, null, default);
        var second = EmailAddress.Parse("a.second@other.example");
        await _directory.AddAddressAsync(anna, second, default);
        await _directory.SetAliasAsync(EmailAddress.Parse("sales@example.org"), [second], default);

        Assert.That(await OwnsAsync(anna, "anna@EXAMPLE.org"));
        Assert.That(await OwnsAsync(anna, "a.second@other.example"));
        Assert.That(await OwnsAsync(anna, "sales@example.org"));
        Assert.That(await OwnsAsync(bob, "sales@example.org"), Is.False);
        Assert.That(await OwnsAsync(anna, "bob@example.org"), Is.False);
        Assert.That(await OwnsAsync(anna, "x@elsewhere.example"), Is.False);
    }

    [Test]
    public async Task A_deleted_account_leaves_its_addresses_free_and_its_id_used()
    {
        var first = await _directory.CreateAsync(Anna, "secret", default);
        Assert.That(await _directory.DeleteAsync(first, default));
        Assert.That(await _directory.DeleteAsync(first, default), Is.False);
        Assert.That(await ResolveAsync("anna@example.org"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(await VerifyAsync("anna@example.org", "secret"), Is.TypeOf<AuthenticationResult.Rejected>());

        var second = await _directory.CreateAsync(Anna, null, default);
        Assert.That(second, Is.Not.EqualTo(first));
    }

    [Test]
    public async Task Accounts_are_listed_page_by_page()
    {
        await _store.WriteAsync(
            static db =>
            {
                db.Execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) INSERT INTO user(account, address, password, deleted) SELECT 'u' || i, 'u' || i || '@example.org', NULL, i % 3 = 0 FROM n");
                return true;
            },
            default);
        var listed = new List<DirectoryAccount>();
        await foreach (var account in _directory.ListAsync(default))
        {
            listed.Add(account);
        }

        Assert.That(listed, Has.Count.EqualTo(400).And.Unique);
        Assert.That(listed, Has.All.Matches<DirectoryAccount>(static account => account!.Address.ToString() == $"{account!.Id}@example.org"));
    }

    [Test]
    public async Task Passwords_are_kept_as_hashes_and_compared()
    {
        var id = await _directory.CreateAsync(Anna, "correct horse", default);
        await _directory.AddAddressAsync(id, EmailAddress.Parse("second@example.org"), default);
        await _directory.CreateAsync(Bob, null, default);

        Assert.That(await VerifyAsync("ANNA@example.org", "correct horse"), Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("Anna@Example.org", id))));
        Assert.That(await VerifyAsync("second@example.org", "correct horse"), Is.TypeOf<AuthenticationResult.Ok>());
        Assert.That(await VerifyAsync("anna@example.org", "Correct horse"), Is.TypeOf<AuthenticationResult.Rejected>());
        Assert.That(await VerifyAsync("bob@example.org", ""), Is.TypeOf<AuthenticationResult.Rejected>());
        Assert.That(await VerifyAsync("nobody@example.org", "nobody's password"), Is.TypeOf<AuthenticationResult.Rejected>());
        Assert.That(await VerifyAsync("not an address' OR 1=1", "x"), Is.TypeOf<AuthenticationResult.Rejected>());

        await _directory.SetPasswordAsync(id, "another", default);
        Assert.That(await VerifyAsync("anna@example.org", "correct horse"), Is.TypeOf<AuthenticationResult.Rejected>());
        Assert.That(await VerifyAsync("anna@example.org", "another"), Is.TypeOf<AuthenticationResult.Ok>());
        Assert.That(await _directory.SetPasswordAsync(new AccountId("nobody"), "x", default), Is.False);
        foreach (var file in new[] { "mail.db", "mail.db-wal" })
        {
            Assert.That(System.Text.Encoding.Latin1.GetString(ReadShared(file)), Does.Not.Contain("correct horse").And.Not.Contain("another"));
        }
    }

    [Test]
    public async Task A_weak_hash_is_replaced_at_the_next_login()
    {
        var id = await _directory.CreateAsync(Anna, "secret", default);
        var strong = new SqliteAuthenticator(_store);
        Assert.That(await strong.VerifyPasswordAsync("anna@example.org", "secret", Context, default), Is.TypeOf<AuthenticationResult.Ok>());

        var hash = _store.Read(static db => db.QueryText("SELECT password FROM user"));
        Assert.That(PasswordHash.Verify("secret", hash!), Is.EqualTo(PasswordVerification.Success));
        Assert.That(await VerifyAsync("anna@example.org", "secret"), Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("Anna@Example.org", id))));
    }

    [Test]
    public async Task Keys_that_differ_after_a_nul_are_not_the_same_key()
    {
        var state = new SqliteServerState(_store);
        var expires = DateTimeOffset.UtcNow.AddDays(1);
        await state.SetAsync("a", new byte[] { 1 }, expires, default);
        await state.SetAsync("a\0b", new byte[] { 2 }, expires, default);
        await state.SetAsync("", new byte[] { 3 }, expires, default);
        await state.SetAsync(new string('ü', 5000), new byte[] { 4 }, expires, default);

        Assert.That(await state.GetAsync("a", default), Is.EqualTo(new byte[] { 1 }));
        Assert.That(await state.GetAsync("a\0b", default), Is.EqualTo(new byte[] { 2 }));
        Assert.That(await state.GetAsync("", default), Is.EqualTo(new byte[] { 3 }));
        Assert.That(await state.GetAsync(new string('ü', 5000), default), Is.EqualTo(new byte[] { 4 }));
        Assert.That(await state.GetAsync("a\0", default), Is.Null);
    }

    [Test]
    public async Task State_survives_reopening()
    {
        await new SqliteServerState(_store).SetAsync("key", new byte[] { 1, 0, 2 }, DateTimeOffset.UtcNow.AddDays(1), default);
        await new SqliteServerState(_store).SetAsync("empty", ReadOnlyMemory<byte>.Empty, DateTimeOffset.UtcNow.AddDays(1), default);
        await _store.DisposeAsync();
        OpenStore();

        var state = new SqliteServerState(_store);
        Assert.That(await state.GetAsync("key", default), Is.EqualTo(new byte[] { 1, 0, 2 }));
        Assert.That(await state.GetAsync("empty", default), Is.Empty);
        await state.SetAsync("key", null, default, default);
        Assert.That(await state.GetAsync("key", default), Is.Null);
    }

    private void OpenStore()
    {
        _store = SqliteMailStore.Open(_folder.Path);
        _directory = new SqliteMailDirectory(_store, FewIterations);
        _authenticator = new SqliteAuthenticator(_store, FewIterations);
    }

    private byte[] ReadShared(string name)
    {
        using var file = new FileStream(Path.Combine(_folder.Path, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var octets = new byte[file.Length];
        file.ReadExactly(octets);
        return octets;
    }

    private async Task<DirectoryEntry> ResolveAsync(string address) => await _directory.ResolveAsync(EmailAddress.Parse(address), default);

    private async Task<bool> OwnsAsync(AccountId account, string address) => await _directory.OwnsAsync(account, EmailAddress.Parse(address), default);

    private async Task<AuthenticationResult> VerifyAsync(string user, string password) => await _authenticator.VerifyPasswordAsync(user, password, Context, default);
}
