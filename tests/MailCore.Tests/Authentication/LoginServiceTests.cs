using System.Net;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[CancelAfter(30_000)]
public class LoginServiceTests
{
    private static readonly AuthenticationContext Here = new("imap", new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1000), true);
    private static readonly AuthenticationContext There = new("imap", new IPEndPoint(IPAddress.Parse("192.0.2.2"), 1000), true);

    private readonly ManualTimeProvider _time = new();
    private InMemoryAuthenticator _users = null!;
    private LoginService _login = null!;

    [SetUp]
    public void SetUp()
    {
        _users = new InMemoryAuthenticator(iterations: 1_000);
        _users.SetPassword("bob", new AccountId("b"), "secret");
        _login = new LoginService(_users, new LoginOptions(), _time, NullLogger<LoginService>.Instance);
    }

    [TearDown]
    public void TearDown() => _login.Dispose();

    [Test]
    public async Task The_right_password_is_answered_at_once_whatever_the_case_of_the_name()
    {
        var result = await _login.VerifyPasswordAsync("BOB", "secret", Here, default);

        Assert.That(result, Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("bob", new AccountId("b")))));
    }

    [TestCase("bob", "wrong")]
    [TestCase("nobody", "secret")]
    public async Task A_wrong_password_and_an_unknown_user_get_the_same_answer_after_the_same_delay(string user, string password)
    {
        var answer = _login.VerifyPasswordAsync(user, password, Here, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(2) - TimeSpan.FromTicks(1));
        Assert.That(answer.IsCompleted, Is.False);

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.That(await answer, Is.EqualTo(new AuthenticationResult.Rejected()));
    }

    [Test]
    public async Task The_delay_doubles_up_to_its_limit_and_a_success_resets_it()
    {
        foreach (var seconds in new[] { 2, 4, 8, 15, 15 })
        {
            await FailAsync(Here, seconds);
        }

        await _login.VerifyPasswordAsync("bob", "secret", Here, default);
        await FailAsync(Here, 2);
    }

    [Test]
    public async Task One_clients_failures_delay_no_other_client()
    {
        await FailAsync(Here, 2);
        await FailAsync(Here, 4);

        await FailAsync(There, 2);
    }

    [Test]
    public async Task Failures_are_forgotten_after_a_while()
    {
        await FailAsync(Here, 2);
        _time.Advance(TimeSpan.FromMinutes(10.1));

        await FailAsync(Here, 2);
    }

    [TestCase("", "secret")]
    [TestCase("bob", "")]
    [TestCase("bo\rb", "secret")]
    public async Task Implausible_names_are_rejected_without_asking(string user, string password)
    {
        using var service = new LoginService(new Broken(), new LoginOptions { FailureDelay = TimeSpan.Zero }, _time, NullLogger<LoginService>.Instance);

        Assert.That(await service.VerifyPasswordAsync(user, password, Here, default), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [Test]
    public async Task An_authenticator_that_throws_is_a_temporary_failure()
    {
        using var service = new LoginService(new Broken(), new LoginOptions(), _time, NullLogger<LoginService>.Instance);

        Assert.That(await service.VerifyPasswordAsync("bob", "secret", Here, default), Is.InstanceOf<AuthenticationResult.TryLater>());
    }

    private async Task FailAsync(AuthenticationContext from, int seconds)
    {
        var answer = _login.VerifyPasswordAsync("bob", "wrong", from, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
        Assert.That(answer.IsCompleted, Is.False, $"expected a delay of {seconds} s");
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.That(await answer, Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    private sealed class Broken : IMailAuthenticator
    {
        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("the database is gone");
    }
}
