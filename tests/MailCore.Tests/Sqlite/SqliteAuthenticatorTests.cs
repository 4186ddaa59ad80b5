using System.Text;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Authentication;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class SqliteAuthenticatorTests
{
    private const int FewIterations = 1000;

    // "Hello world!", from the specification of the scheme.
    private const string Crypt = "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    private static readonly EmailAddress Bob = EmailAddress.Parse("bob@example.org");
    private static readonly EmailAddress Alice = EmailAddress.Parse("alice@example.org");
    private static readonly AuthenticationContext Context = new("imap", null, IsSecured: true);

    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;
    private SqliteMailDirectory _directory = null!;
    private SqliteAuthenticator _authenticator = null!;
    private LoginService _login = null!;

    [SetUp]
    public void Open()
    {
        _folder = new SqliteTestFolder();
        _store = SqliteMailStore.Open(_folder.Path);
        _directory = new SqliteMailDirectory(_store, FewIterations);
        _authenticator = new SqliteAuthenticator(_store, FewIterations);
        _login = LoginServices.Over(_authenticator);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        _login.Dispose();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase("SCRAM-SHA-1")]
    [TestCase("SCRAM-SHA-256")]
    public async Task Scram_works_for_every_address_of_the_account_and_nobody_else(string mechanism)
    {
        var id = await _directory.CreateAsync(Bob, "secret", default);
        await _directory.AddAddressAsync(id, EmailAddress.Parse("robert@example.org"), default);

        foreach (var user in new[] { "bob@example.org", "BOB@example.org", "robert@example.org" })
        {
            var client = new ClientScram(mechanism, user, "secret");
            Assert.That(await _login.ResultAsync(client, Context), Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("bob@example.org", id))), user);
            Assert.That(client.IsServerProved, Is.True);
        }

        Assert.That(await _login.ResultAsync(new ClientScram(mechanism, "bob@example.org", "wrong"), Context), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(await _login.ResultAsync(new ClientScram(mechanism, "nobody@example.org", "secret"), Context), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [Test]
    public async Task Scram_follows_a_changed_password_and_ends_with_the_account()
    {
        var id = await _directory.CreateAsync(Bob, "secret", default);
        await _directory.SetPasswordAsync(id, "other", default);
        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob@example.org", "secret"), Context), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob@example.org", "other"), Context), Is.InstanceOf<AuthenticationResult.Ok>());

        await _directory.DeleteAsync(id, default);

        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob@example.org", "other"), Context), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [Test]
    public async Task An_imported_hash_lets_in_and_is_replaced_at_the_first_login()
    {
        var id = await _directory.ImportAsync(Bob, Crypt, default);
        Assert.That(await VerifyAsync("Hello world?"), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(Stored(), Is.EqualTo(Crypt));

        Assert.That(await VerifyAsync("Hello world!"), Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("bob@example.org", id))));

        Assert.That(Stored(), Does.StartWith("$pbkdf2-sha512$"));
        Assert.That(await VerifyAsync("Hello world!"), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob@example.org", "Hello world!"), Context), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task Scram_is_offered_once_everybody_has_keys()
    {
        await _directory.CreateAsync(Alice, "secret", default);
        await _directory.CreateAsync(EmailAddress.Parse("without@example.org"), null, default);
        Assert.That(_login.Offer(Context).Names, Has.One.EqualTo("SCRAM-SHA-256"));

        await _directory.ImportAsync(Bob, Crypt, default);
        Assert.That(_login.Offer(Context).Names, Is.EqualTo(new[] { "PLAIN", "LOGIN" }));

        await VerifyAsync("Hello world!");
        Assert.That(_login.Offer(Context).Names, Has.One.EqualTo("SCRAM-SHA-256"));
    }

    [Test]
    public async Task A_login_costs_a_key_derivation_once_and_a_changed_password_forgets_it()
    {
        var id = await _directory.CreateAsync(Bob, "secret", default);
        for (var i = 0; i < 5; i++)
        {
            Assert.That(await VerifyAsync("secret"), Is.InstanceOf<AuthenticationResult.Ok>());
        }

        Assert.That(_authenticator.Verifier.Derivations, Is.EqualTo(1));
        await _directory.SetPasswordAsync(id, "other", default);
        Assert.That(await VerifyAsync("secret"), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(await VerifyAsync("other"), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(_authenticator.Verifier.Derivations, Is.EqualTo(3));
    }

    [Test]
    public async Task An_upgrade_does_not_undo_a_password_that_was_changed_meanwhile()
    {
        var id = await _directory.ImportAsync(Bob, Crypt, default);
        await _directory.SetPasswordAsync(id, "changed", default);
        var before = Stored();

        var stronger = MailCore.Storage.Sqlite.Accounts.StoredPassword.Make("Hello world!", FewIterations);
        var upgraded = await _store.WriteAsync(db => MailCore.Storage.Sqlite.Accounts.UserRows.UpgradePassword(db, id, Crypt, stronger), default);

        Assert.That(upgraded, Is.False);
        Assert.That(Stored(), Is.EqualTo(before));
    }

    [TestCase("secret")]
    [TestCase("{PLAIN}secret")]
    [TestCase("$1$salt$qJH7.N4xYta3aEG/dfqo/0")]
    public void A_hash_of_another_kind_is_refused_without_being_repeated(string hash) =>
        Assert.That(async () => await _directory.ImportAsync(Bob, hash, default), Throws.TypeOf<FormatException>().With.Message.Contains("bob@example.org").And.Message.Not.Contains("secret"));

    [Test]
    public async Task The_user_name_reaches_no_query_unescaped()
    {
        await _directory.CreateAsync(Bob, "secret", default);
        foreach (var user in new[] { "bob@example.org' --", "' OR '1'='1", "bob@example.org\"; DROP TABLE user; --", "\"bob' OR 1=1\"@example.org", "%@example.org", "../bob@example.org" })
        {
            Assert.That(await _authenticator.VerifyPasswordAsync(user, "secret", Context, default), Is.InstanceOf<AuthenticationResult.Rejected>(), user);
            Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", user, "secret"), Context), Is.InstanceOf<AuthenticationResult.Rejected>(), user);
        }

        Assert.That(await VerifyAsync("secret"), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task Unknown_user_and_wrong_password_cost_the_same_work()
    {
        await _directory.CreateAsync(Bob, "secret", default);
        await _directory.CreateAsync(Alice, null, default);
        foreach (var user in new[] { "bob@example.org", "alice@example.org", "nobody@example.org", "no address" })
        {
            var before = _authenticator.Verifier.Derivations;
            await _authenticator.VerifyPasswordAsync(user, "wrong", Context, default);
            Assert.That(_authenticator.Verifier.Derivations - before, Is.EqualTo(1), user);
        }
    }

    [Test]
    public async Task No_clear_text_is_kept()
    {
        var id = await _directory.CreateAsync(Bob, "correct horse", default);
        await VerifyAsync("correct horse");
        await _directory.SetPasswordAsync(id, "battery staple", default);
        await VerifyAsync("battery staple");
        foreach (var file in new[] { "mail.db", "mail.db-wal" })
        {
            using var stream = new FileStream(Path.Combine(_folder.Path, file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory);
            Assert.That(Encoding.Latin1.GetString(memory.ToArray()), Does.Not.Contain("correct horse").And.Not.Contain("battery staple"));
        }
    }

    private string? Stored() => _store.Read(static db => db.QueryText("SELECT password FROM user WHERE account = 'bob@example.org'"));

    private ValueTask<AuthenticationResult> VerifyAsync(string password) => _authenticator.VerifyPasswordAsync("bob@example.org", password, Context, default);
}
