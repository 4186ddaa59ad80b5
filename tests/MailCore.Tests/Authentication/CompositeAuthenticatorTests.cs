using MailCore.Authentication;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

public class CompositeAuthenticatorTests
{
    private static readonly AuthenticationContext Context = new("imap", null, IsSecured: true);

    private readonly InMemoryAuthenticator _one = new(1_000);
    private readonly InMemoryAuthenticator _two = new(1_000);

    [OneTimeSetUp]
    public void AddUsers()
    {
        _one.SetPassword("bob", new AccountId("bob-1"), "one");
        _two.SetPassword("bob", new AccountId("bob-2"), "two");
        _two.SetPassword("alice", new AccountId("alice-2"), "two");
    }

    [TestCase("bob", "one", "bob-1")]
    [TestCase("bob", "two", null)]
    [TestCase("alice", "two", "alice-2")]
    [TestCase("alice", "one", null)]
    [TestCase("nobody", "one", null)]
    public async Task The_first_that_knows_the_user_decides(string user, string password, string? account)
    {
        var both = new CompositeAuthenticator(_one, _two);

        Assert.That(Account(await both.VerifyPasswordAsync(user, password, Context, default)), Is.EqualTo(account));
    }

    [TestCase("bob", "one", "bob-1")]
    [TestCase("bob", "two", null)]
    [TestCase("alice", "two", "alice-2")]
    public async Task So_it_does_for_scram(string user, string password, string? account)
    {
        using var login = LoginServices.Over(new CompositeAuthenticator(_one, _two));

        Assert.That(Account(await login.ResultAsync(new ClientScram("SCRAM-SHA-256", user, password), Context)), Is.EqualTo(account));
    }

    [Test]
    public async Task One_without_keys_that_knows_the_user_hides_the_keys_of_the_next()
    {
        using var login = LoginServices.Over(new CompositeAuthenticator(new OnlyPasswords("alice", knows: true), _two));

        Assert.That(await login.ResultAsync(new ClientScram("SCRAM-SHA-256", "alice", "two"), Context), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("special", "from-function")]
    [TestCase("two", "alice-2")]
    [TestCase("wrong", null)]
    public async Task One_that_can_not_tell_is_tried_and_the_next_follows(string password, string? account)
    {
        var both = new CompositeAuthenticator(
            new DelegateAuthenticator(static (_, password, _, _) => new(password == "special"
                ? new AuthenticationResult.Ok(new MailIdentity("x", new AccountId("from-function")))
                : new AuthenticationResult.Rejected())),
            _two);

        Assert.That(Account(await both.VerifyPasswordAsync("alice", password, Context, default)), Is.EqualTo(account));
    }

    [Test]
    public async Task Try_later_of_one_is_the_answer()
    {
        var both = new CompositeAuthenticator(new DelegateAuthenticator(static (_, _, _, _) => new(new AuthenticationResult.TryLater("down"))), _two);

        Assert.That(await both.VerifyPasswordAsync("alice", "two", Context, default), Is.InstanceOf<AuthenticationResult.TryLater>());
    }

    [Test]
    public void It_can_do_what_one_of_its_members_can()
    {
        IMailAuthenticator plain = new CompositeAuthenticator(new OnlyPasswords("x", knows: null));
        IMailAuthenticator scram = new CompositeAuthenticator(new OnlyPasswords("x", knows: null), _two);

        Assert.That((plain.Scram, plain.Tokens, plain.CramMd5), Is.EqualTo(((IScramCredentials?)null, (ITokenAuthenticator?)null, (ICramMd5Secrets?)null)));
        Assert.That((scram.Scram, scram.Tokens, scram.CramMd5), Is.EqualTo(((IScramCredentials?)scram, (ITokenAuthenticator?)null, (ICramMd5Secrets?)null)));
    }

    private static string? Account(AuthenticationResult result) => (result as AuthenticationResult.Ok)?.Identity.Account.Value;

    private sealed class OnlyPasswords(string user, bool? knows) : IMailAuthenticator
    {
        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string name, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(new AuthenticationResult.Rejected());

        public ValueTask<bool?> KnowsAsync(string name, CancellationToken cancellationToken) => new(name == user ? knows : false);
    }
}
