using MailCore.Authentication;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

public class PasswordHashTests
{
    private const int Few = 1_000;

    [Test]
    public void A_hash_fits_its_password_and_no_other()
    {
        var hash = PasswordHash.Create("correct horse", PasswordHash.Iterations);

        Assert.That(PasswordHash.Verify("correct horse", hash), Is.EqualTo(PasswordVerification.Success));
        Assert.That(PasswordHash.Verify("correct horsf", hash), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(PasswordHash.Verify("", hash), Is.EqualTo(PasswordVerification.Failed));
    }

    [Test]
    public void A_weaker_hash_asks_to_be_replaced() =>
        Assert.That(PasswordHash.Verify("x", PasswordHash.Create("x", Few)), Is.EqualTo(PasswordVerification.SuccessRehash));

    [Test]
    public void Two_hashes_of_one_password_differ_and_hold_no_trace_of_it()
    {
        var one = PasswordHash.Create("secret", Few);

        Assert.That(one, Is.Not.EqualTo(PasswordHash.Create("secret", Few)));
        Assert.That(one, Does.Not.Contain("secret"));
    }

    // Computed with another implementation of RFC 8018: hashlib.pbkdf2_hmac of Python.
    [Test]
    public void Agrees_with_another_implementation() =>
        Assert.That(
            PasswordHash.Verify("pässwörd", "$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0c2FsdA$r3SLvkM4c5RJN4aylFWN2pSKqOTDBnL8Dd_huFSN7VY"),
            Is.EqualTo(PasswordVerification.SuccessRehash));

    [TestCase("")]
    [TestCase("secret")]
    [TestCase("$pbkdf2-sha512$0$c2FsdA$a2V5")]
    [TestCase("$pbkdf2-sha512$99999999999$c2FsdA$a2V5")]
    [TestCase("$pbkdf2-sha512$10000001$c2FsdA$a2V5")]
    [TestCase("$pbkdf2-sha512$1000$!!$a2V5")]
    [TestCase("$pbkdf2-sha512$1000$c2FsdA$")]
    [TestCase("$pbkdf2-sha1$1000$c2FsdA$a2V5")]
    public void What_is_no_hash_fits_nothing(string hash) =>
        Assert.That(PasswordHash.Verify("secret", hash), Is.EqualTo(PasswordVerification.Failed));
}
