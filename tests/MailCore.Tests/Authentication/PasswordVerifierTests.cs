using MailCore.Authentication;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[CancelAfter(60_000)]
public class PasswordVerifierTests
{
    private readonly string _hash = PasswordHash.Create("secret", 1_000);
    private ManualTimeProvider _time = null!;

    [SetUp]
    public void SetUp() => _time = new ManualTimeProvider();

    [Test]
    public async Task A_second_login_costs_no_key_derivation()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);

        for (var i = 0; i < 10; i++)
        {
            Assert.That(await verifier.VerifyAsync("secret", _hash, default), Is.EqualTo(PasswordVerification.Success));
        }

        Assert.That(verifier.Derivations, Is.EqualTo(1));
    }

    [Test]
    public async Task Wrong_passwords_and_unknown_users_cost_one_each_time()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);

        for (var i = 0; i < 3; i++)
        {
            Assert.That(await verifier.VerifyAsync("wrong", _hash, default), Is.EqualTo(PasswordVerification.Failed));
            Assert.That(await verifier.VerifyAsync("secret", null, default), Is.EqualTo(PasswordVerification.Failed));
        }

        Assert.That(verifier.Derivations, Is.EqualTo(6));
    }

    [Test]
    public async Task A_changed_password_is_not_remembered_as_the_old_one()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);
        await verifier.VerifyAsync("secret", _hash, default);

        Assert.That(await verifier.VerifyAsync("secret", PasswordHash.Create("other", 1_000), default), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(await verifier.VerifyAsync("secret", PasswordHash.Create("secret", 1_000), default), Is.EqualTo(PasswordVerification.Success));
        Assert.That(verifier.Derivations, Is.EqualTo(3));
    }

    [Test]
    public async Task What_is_remembered_ends_with_its_time()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);
        await verifier.VerifyAsync("secret", _hash, default);
        _time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        await verifier.VerifyAsync("secret", _hash, default);
        Assert.That(verifier.Derivations, Is.EqualTo(1));

        _time.Advance(TimeSpan.FromTicks(1));
        await verifier.VerifyAsync("secret", _hash, default);

        Assert.That(verifier.Derivations, Is.EqualTo(2));
    }

    [Test]
    public async Task Memory_has_a_cap_and_keeps_what_is_used()
    {
        var verifier = new PasswordVerifier(1_000, new PasswordMemoryOptions { Capacity = 4 }, _time);
        var hashes = Enumerable.Range(0, 8).Select(static i => PasswordHash.Create($"p{i}", 1_000)).ToArray();
        await verifier.VerifyAsync("secret", _hash, default);
        foreach (var (i, hash) in hashes.Index())
        {
            await verifier.VerifyAsync($"p{i}", hash, default);
            await verifier.VerifyAsync("secret", _hash, default);
        }

        Assert.That(verifier.Derivations, Is.EqualTo(9), "the one in use was never forgotten");
        await verifier.VerifyAsync("p0", hashes[0], default);
        Assert.That(verifier.Derivations, Is.EqualTo(10), "the oldest was");
    }

    [Test]
    public async Task Clearing_forgets_and_a_capacity_of_nothing_remembers_nothing()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);
        await verifier.VerifyAsync("secret", _hash, default);
        verifier.Clear();
        await verifier.VerifyAsync("secret", _hash, default);
        var none = new PasswordVerifier(1_000, new PasswordMemoryOptions { Capacity = 0 }, _time);
        await none.VerifyAsync("secret", _hash, default);
        await none.VerifyAsync("secret", _hash, default);

        Assert.That((verifier.Derivations, none.Derivations), Is.EqualTo((2, 2)));
    }

    [Test]
    public async Task Many_at_once_are_all_answered()
    {
        var verifier = new PasswordVerifier(1_000, time: _time);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => verifier.VerifyAsync(i % 2 == 0 ? "secret" : "wrong", _hash, default).AsTask())));

        Assert.That(answers.Count(static answer => answer == PasswordVerification.Success), Is.EqualTo(50));
        Assert.That(await verifier.VerifyAsync("secret", _hash, default), Is.EqualTo(PasswordVerification.Success));
    }

    [Test]
    public async Task A_weaker_hash_is_derived_until_it_is_replaced()
    {
        var verifier = new PasswordVerifier(2_000, time: _time);

        Assert.That(await verifier.VerifyAsync("secret", _hash, default), Is.EqualTo(PasswordVerification.SuccessRehash));
        Assert.That(await verifier.VerifyAsync("secret", _hash, default), Is.EqualTo(PasswordVerification.SuccessRehash));
        Assert.That(verifier.Derivations, Is.EqualTo(2));
    }
}
