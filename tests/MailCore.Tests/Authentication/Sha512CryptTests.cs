using System.Text;
using MailCore.Authentication;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

public class Sha512CryptTests
{
    // The vectors of the specification (SHA-crypt.txt).
    [TestCase("Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    [TestCase("Hello world!", "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.")]
    [TestCase("Hello world!", "$6$rounds=10000$saltstringsaltstring$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.")]
    [TestCase("This is just a test", "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0")]
    [TestCase(
        "a very much longer text to encrypt.  This one even stretches over morethan one line.",
        "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1")]
    [TestCase(
        "we have a short salt string but not a short password",
        "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0")]
    [TestCase("a short string", "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1")]
    [TestCase("the minimum number is still observed", "$6$rounds=10$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.")]
    public void The_published_vectors(string password, string hash)
    {
        Assert.That(Sha512Crypt.IsReadable(hash), Is.True);
        Assert.That(Sha512Crypt.Verify(Encoding.UTF8.GetBytes(password), hash), Is.True);
        Assert.That(Sha512Crypt.Verify(Encoding.UTF8.GetBytes(password + "x"), hash), Is.False);
    }

    [TestCase("{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    [TestCase("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    public void Such_a_hash_always_asks_to_be_replaced(string hash)
    {
        Assert.That(PasswordHash.IsReadable(hash), Is.True);
        Assert.That(PasswordHash.Verify("Hello world!", hash), Is.EqualTo(PasswordVerification.SuccessRehash));
        Assert.That(PasswordHash.Verify("Hello world?", hash), Is.EqualTo(PasswordVerification.Failed));
    }

    [TestCase("")]
    [TestCase("$6$")]
    [TestCase("$6$salt")]
    [TestCase("$6$salt$tooshort")]
    [TestCase("$6$rounds=x$salt$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    [TestCase("$6$rounds=999999999$salt$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    [TestCase("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8")]
    public void What_is_no_such_hash_fits_nothing(string hash)
    {
        Assert.That(PasswordHash.IsReadable(hash), Is.False);
        Assert.That(PasswordHash.Verify("Hello world!", hash), Is.EqualTo(PasswordVerification.Failed));
    }

    [Test]
    public void The_accounts_file_of_docker_mailserver_is_read()
    {
        const string Hash = "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        var accounts = PostfixAccountsFile.Parse(["# comment", "", $"bob@example.org|{Hash}", $" alice@example.org|{Hash}|userdb_mail=maildir "], "postfix-accounts.cf");

        Assert.That(accounts.Select(static account => account.Address.ToString()), Is.EqualTo(new[] { "bob@example.org", "alice@example.org" }));
        Assert.That(accounts.Select(static account => PasswordHash.Verify("Hello world!", account.Hash)), Has.All.EqualTo(PasswordVerification.SuccessRehash));
    }

    [TestCase("bob@example.org", "line 2")]
    [TestCase("bob@example.org|{PLAIN}secret", "line 2")]
    [TestCase("bob|{SHA512-CRYPT}$6$x$y", "line 2")]
    public void A_line_that_can_not_be_read_is_told_without_its_password(string line, string expected)
    {
        var error = Assert.Throws<FormatException>(() => PostfixAccountsFile.Parse(["# comment", line], "postfix-accounts.cf"));

        Assert.That(error!.Message, Does.Contain("postfix-accounts.cf").And.Contain(expected).And.Not.Contain("secret"));
    }
}
