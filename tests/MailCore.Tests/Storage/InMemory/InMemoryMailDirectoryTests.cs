using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using NUnit.Framework;

namespace MailCore.Tests.Storage.InMemory;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InMemoryMailDirectoryTests
{
    private readonly InMemoryMailDirectory _directory = new();

    [Test]
    public async Task Addresses_resolve_without_case()
    {
        var bob = await CreateAsync("Bob@Example.org");
        Assert.That(bob.Value, Is.EqualTo("bob@example.org"));
        Assert.That(await ResolveAsync("bOB@eXample.ORG"), Is.EqualTo(new DirectoryEntry.Account(bob)));
        Assert.That(await ResolveAsync("nobody@example.org"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(await ResolveAsync("bob@elsewhere.example"), Is.TypeOf<DirectoryEntry.Foreign>());
    }

    [Test]
    public async Task Domains_are_ours_or_relayed_for()
    {
        _directory.AddRelayDomain("relay.example");
        _directory.AddDomain("ours.example");
        _directory.AddRelayDomain("OURS.example");
        Assert.That(await ResolveAsync("x@Relay.example"), Is.TypeOf<DirectoryEntry.RelayDomain>());
        Assert.That(await ResolveAsync("x@ours.example"), Is.TypeOf<DirectoryEntry.Unknown>());
        _directory.AddDomain("relay.example");
        Assert.That(await ResolveAsync("x@relay.example"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(() => _directory.AddDomain("no domain"), Throws.TypeOf<FormatException>());
    }

    [Test]
    public async Task Aliases_stand_for_others()
    {
        var bob = await CreateAsync("bob@example.org");
        _directory.AddAlias(EmailAddress.Parse("sales@example.org"), EmailAddress.Parse("BOB@example.org"), EmailAddress.Parse("x@elsewhere.example"));
        Assert.That(await ResolveAsync("Sales@example.org"), Is.TypeOf<DirectoryEntry.Alias>());
        Assert.That(await OwnsAsync(bob, "sales@example.org"), Is.True);
        Assert.That(await OwnsAsync(bob, "bob@example.org"), Is.True);
        Assert.That(await OwnsAsync(new AccountId("carol"), "sales@example.org"), Is.False);
        Assert.That(await OwnsAsync(bob, "nobody@example.org"), Is.False);
        Assert.That(() => _directory.AddAlias(EmailAddress.Parse("bob@example.org"), EmailAddress.Parse("x@example.org")), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_taken_address_is_refused()
    {
        var bob = await CreateAsync("bob@example.org");
        _directory.AddAddress(bob, EmailAddress.Parse("robert@example.org"));
        foreach (var taken in new[] { "BOB@example.org", "robert@example.org" })
        {
            Assert.That(async () => await CreateAsync(taken), Throws.InvalidOperationException);
        }

        Assert.That(() => _directory.AddAddress(bob, EmailAddress.Parse("bob@example.org")), Throws.InvalidOperationException);
        Assert.That(() => _directory.AddAddress(new AccountId("nobody"), EmailAddress.Parse("n@example.org")), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_deleted_account_takes_all_its_addresses_and_leaves_its_id_unused()
    {
        var bob = await CreateAsync("bob@example.org");
        _directory.AddAddress(bob, EmailAddress.Parse("robert@example.org"));
        Assert.That(await _directory.DeleteAsync(bob, default), Is.True);
        Assert.That(await _directory.DeleteAsync(bob, default), Is.False);
        Assert.That(await ResolveAsync("robert@example.org"), Is.TypeOf<DirectoryEntry.Unknown>());
        Assert.That(await CreateAsync("bob@example.org"), Is.Not.EqualTo(bob), "Another one's mail.");
    }

    [Test]
    public async Task Accounts_are_listed()
    {
        var expected = new HashSet<AccountId>();
        for (var i = 0; i < 20; i++)
        {
            expected.Add(await CreateAsync($"user{i}@example.org"));
        }

        var listed = new List<AccountId>();
        await foreach (var account in _directory.ListAsync(default))
        {
            listed.Add(account.Id);
        }

        Assert.That(listed, Is.EquivalentTo(expected));
    }

    [Test]
    public async Task Passwords_go_to_the_sink_and_nowhere_else()
    {
        Assert.That(async () => await _directory.CreateAsync(EmailAddress.Parse("bob@example.org"), "secret", default), Throws.TypeOf<NotSupportedException>());
        Assert.That(await ResolveAsync("bob@example.org"), Is.Not.TypeOf<DirectoryEntry.Account>());

        var passwords = new List<(string Account, string? Password)>();
        var directory = new InMemoryMailDirectory((account, _, password) => passwords.Add((account.Value, password)));
        var bob = await directory.CreateAsync(EmailAddress.Parse("bob@example.org"), "secret", default);
        await directory.CreateAsync(EmailAddress.Parse("carol@example.org"), null, default);
        await directory.DeleteAsync(bob, default);
        Assert.That(passwords, Is.EqualTo(new (string, string?)[] { ("bob@example.org", "secret"), ("bob@example.org", null) }));
    }

    [Test]
    public async Task An_address_is_given_once_however_many_want_it()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            try
            {
                await CreateAsync("bob@example.org");
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        })));
        Assert.That(made.Count(static one => one), Is.EqualTo(1));
    }

    private async Task<AccountId> CreateAsync(string address) => await _directory.CreateAsync(EmailAddress.Parse(address), null, default);

    private async Task<DirectoryEntry> ResolveAsync(string address) => await _directory.ResolveAsync(EmailAddress.Parse(address), default);

    private async Task<bool> OwnsAsync(AccountId account, string address) => await _directory.OwnsAsync(account, EmailAddress.Parse(address), default);
}
