using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

/// <summary>What every directory that can be changed does: in memory, in an open store, and in the store's folder beside it.</summary>
[TestFixture("memory")]
[TestFixture("store")]
[TestFixture("folder")]
internal sealed class DirectoryEditorTests(string kind)
{
    private static readonly EmailAddress BobAddress = EmailAddress.Parse("Bob@example.org");

    private SqliteTestFolder? _folder;
    private SqliteMailStore? _store;
    private IMailDirectory _directory = null!;
    private IMailDirectoryEditor _editor = null!;
    private AccountId _bob;

    [SetUp]
    public async Task OpenAsync()
    {
        if (kind == "memory")
        {
            _directory = new InMemoryMailDirectory(static (_, _, _) => { });
        }
        else
        {
            _folder = new SqliteTestFolder();
            _store = SqliteMailStore.Open(_folder.Path);
            // Looked at through the open store, changed from outside.
            _directory = new SqliteMailDirectory(_store, iterations: 1_000);
        }

        _editor = kind == "folder" ? new SqliteStoreFolder(_folder!.Path).OpenDirectory() : (IMailDirectoryEditor)_directory;
        _bob = await _directory.CreateAsync(BobAddress, null, default);
        await _directory.CreateAsync(EmailAddress.Parse("alice@example.org"), null, default);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        _folder?.Dispose();
    }

    [Test]
    public async Task Aliases_of_all_kinds_are_made_listed_replaced_and_removed()
    {
        foreach (var alias in new[]
        {
            MailAlias.Parse("/^b-/", "bob@example.org"), MailAlias.Parse("/^a-/", "alice@example.org"), MailAlias.Parse("Sales@New.example", "alice@example.org"),
            MailAlias.Parse("\"a b\"@example.org", "alice@example.org"), MailAlias.Parse("@example.org", "alice@example.org"), MailAlias.Parse("/^b-/", "alice@example.org", "bob@example.org"),
        })
        {
            await _editor.SetAliasAsync(alias, default);
        }

        var listed = await ListAsync(_editor.ListAliasesAsync(default));
        Assert.Multiple(async () =>
        {
            Assert.That(listed.Select(static alias => alias.ToString()), Is.EqualTo(new[]
            {
                "@example.org alice@example.org", "\"a b\"@example.org alice@example.org", "sales@new.example alice@example.org",
                "/^b-/ alice@example.org, bob@example.org", "/^a-/ alice@example.org",
            }));
            Assert.That(await ResolveAsync("b-x@example.org"), Is.EqualTo("instead alice@example.org bob@example.org"));
            Assert.That(await ResolveAsync("nobody@example.org"), Is.EqualTo("instead alice@example.org"));
            Assert.That(await ResolveAsync("nobody@new.example"), Is.EqualTo("unknown"));
            Assert.That(await ResolveAsync("b-x@elsewhere.example"), Is.EqualTo("foreign"));
            Assert.That(await ResolveAsync("sales@new.example"), Is.EqualTo("alias alice@example.org"));
        });
        foreach (var name in new[] { "/^b-/", "@EXAMPLE.org", "SALES@new.example", "\"a b\"@example.org" })
        {
            Assert.That(await _editor.RemoveAliasAsync(name, default), name);
            Assert.That(await _editor.RemoveAliasAsync(name, default), Is.False, name);
        }

        Assert.That(await ResolveAsync("nobody@example.org"), Is.EqualTo("unknown"));
        Assert.That(await ResolveAsync("b-x@example.org"), Is.EqualTo("unknown"));
        Assert.That(async () => await _editor.SetAliasAsync(MailAlias.Parse("BOB@example.org", "alice@example.org"), default), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Domains_are_made_listed_replaced_and_removed()
    {
        await _editor.SetDomainAsync(new MailDomain("Inside.example") { IsRelayed = true, Via = NextHop.Lmtp("localhost", 2424) }, default);
        await _editor.SetDomainAsync(new MailDomain("backup.example") { IsRelayed = true }, default);
        Assert.Multiple(async () =>
        {
            Assert.That((await ListAsync(_editor.ListDomainsAsync(default))).Select(static domain => $"{domain.Name} {domain.IsRelayed} {domain.Via}"), Is.EqualTo(new[]
            {
                "backup.example True ", "example.org False ", "inside.example True lmtp:[localhost]:2424",
            }));
            Assert.That(await ResolveAsync("x@INSIDE.example"), Is.EqualTo("relay lmtp:[localhost]:2424"));
            Assert.That(await ResolveAsync("x@backup.example"), Is.EqualTo("relay "));
        });
        await _editor.SetDomainAsync(new MailDomain("inside.example"), default);
        Assert.That(await ResolveAsync("x@inside.example"), Is.EqualTo("unknown"));
        Assert.That(await _editor.RemoveDomainAsync("INSIDE.example", default));
        Assert.That(await _editor.RemoveDomainAsync("inside.example", default), Is.False);
        Assert.That(await ResolveAsync("x@inside.example"), Is.EqualTo("foreign"));
        Assert.That(async () => await _editor.SetDomainAsync(new MailDomain("no domain"), default), Throws.TypeOf<FormatException>());
    }

    [Test]
    public async Task Forwards_are_set_and_lifted_and_go_with_their_account()
    {
        var forward = new MailForward([EmailAddress.Parse("eve@elsewhere.example"), EmailAddress.Parse("\"a b\"@example.org")], KeepsCopy: false);
        Assert.That(await _editor.SetForwardAsync(_bob, forward, default));
        Assert.That(await ResolveAsync("bob@example.org"), Is.EqualTo("account bob@example.org to eve@elsewhere.example \"a b\"@example.org"));
        Assert.That(await _editor.SetForwardAsync(_bob, forward with { KeepsCopy = true }, default));
        Assert.That(await ResolveAsync("bob@example.org"), Does.EndWith(" and itself"));
        Assert.That(await _editor.SetForwardAsync(_bob, null, default));
        Assert.That(await ResolveAsync("bob@example.org"), Is.EqualTo("account bob@example.org"));
        Assert.That(await _editor.SetForwardAsync(new AccountId("nobody"), forward, default), Is.False);
        Assert.That(async () => await _editor.SetForwardAsync(_bob, new MailForward([], true), default), Throws.ArgumentException);
    }

    [Test]
    public async Task Who_may_send_as_whom_is_given_and_taken()
    {
        await _editor.SetAliasAsync(MailAlias.Parse("sales@example.org", "bob@example.org"), default);
        await _editor.SetAliasAsync(MailAlias.Parse("/^info-/", "bob@example.org"), default);
        await _editor.SetAliasAsync(MailAlias.Parse("@example.org", "alice@example.org"), default);
        foreach (var (address, owns) in new[]
        {
            ("bob@example.org", true), ("sales@example.org", true), ("info-x@example.org", true), ("nobody@example.org", false), ("alice@example.org", false), ("x@other.example", false),
        })
        {
            Assert.That(await OwnsAsync(address), Is.EqualTo(owns), address);
        }

        Assert.That(await _editor.SetSenderAsync(_bob, "Alice@Example.org", true, default));
        Assert.That(await _editor.SetSenderAsync(_bob, "alice@example.org", true, default), Is.False);
        Assert.That(await _editor.SetSenderAsync(_bob, "@Other.example", true, default));
        Assert.Multiple(async () =>
        {
            Assert.That(await OwnsAsync("alice@example.org"));
            Assert.That(await OwnsAsync("x@OTHER.example"));
            Assert.That(await OwnsAsync("x@sub.other.example"), Is.False);
            Assert.That((await _editor.FindAccountAsync(_bob, default))!.Senders, Is.EquivalentTo(new[] { "alice@example.org", "@other.example" }));
        });
        Assert.That(await _editor.SetSenderAsync(_bob, "@other.example", false, default));
        Assert.That(await OwnsAsync("x@other.example"), Is.False);
        Assert.That(async () => await _editor.SetSenderAsync(_bob, "nothing", true, default), Throws.TypeOf<FormatException>());
        Assert.That(await _editor.SetSenderAsync(new AccountId("nobody"), "a@example.org", true, default), Is.False);
    }

    [Test]
    public async Task An_account_is_described_and_its_password_set_and_taken_away()
    {
        Assert.That((await _editor.FindAccountAsync(_bob, default))!.HasPassword, Is.False);
        Assert.That(await _editor.SetPasswordAsync(_bob, "secret", default));
        var bob = await _editor.FindAccountAsync(_bob, default);
        Assert.Multiple(() =>
        {
            Assert.That(bob!.HasPassword);
            Assert.That(bob.Addresses.Select(static address => address.ToString()), Is.EqualTo(new[] { "Bob@example.org" }));
            Assert.That(bob.ToString(), Does.Not.Contain("secret"));
        });
        Assert.That(await _editor.SetPasswordAsync(_bob, null, default));
        Assert.That((await _editor.FindAccountAsync(_bob, default))!.HasPassword, Is.False);
        Assert.That(await _editor.SetPasswordAsync(new AccountId("nobody"), "x", default), Is.False);
        Assert.That(await _directory.DeleteAsync(_bob, default));
        Assert.That(await _editor.FindAccountAsync(_bob, default), Is.Null);
    }

    private static async Task<List<T>> ListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
        {
            list.Add(item);
        }

        return list;
    }

    private ValueTask<bool> OwnsAsync(string address) => _directory.OwnsAsync(_bob, EmailAddress.Parse(address), default);

    private async Task<string> ResolveAsync(string address) => await _directory.ResolveAsync(EmailAddress.Parse(address), default) switch
    {
        DirectoryEntry.Account { Forward: { } forward } account => $"account {account.Id} to {string.Join(' ', forward.Targets)}{(forward.KeepsCopy ? " and itself" : "")}",
        DirectoryEntry.Account account => $"account {account.Id}",
        DirectoryEntry.Alias alias => $"alias {string.Join(' ', alias.Targets)}",
        DirectoryEntry.Unknown { Instead.Count: > 0 } unknown => $"instead {string.Join(' ', unknown.Instead)}",
        DirectoryEntry.Unknown => "unknown",
        DirectoryEntry.RelayDomain relay => $"relay {relay.Via}",
        _ => "foreign",
    };
}
