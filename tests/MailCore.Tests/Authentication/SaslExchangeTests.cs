using System.Text;
using MailCore.Authentication;
using MailCore.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

public class SaslExchangeTests : IMailAuthenticator
{
    private static readonly AuthenticationContext Context = new("imap", null, IsSecured: true);

    private readonly List<(string User, string Password)> _asked = [];

    private LoginService _login = null!;

    [SetUp]
    public void SetUp()
    {
        _asked.Clear();
        _login = new LoginService(this, new LoginOptions { FailureDelay = TimeSpan.Zero }, TimeProvider.System, NullLogger<LoginService>.Instance);
    }

    [TearDown]
    public void TearDown() => _login.Dispose();

    [TestCase("\0bob\0secret")]
    [TestCase("bob\0bob\0secret")]
    [TestCase("BOB\0bob\0secret")]
    public async Task Plain_takes_user_and_password_from_one_response(string response)
    {
        var step = await Start("PLAIN").StepAsync(Utf8(response), default);

        Assert.That(step, Is.InstanceOf<SaslStep.Done>().With.Property("Result").InstanceOf<AuthenticationResult.Ok>());
        Assert.That(_asked, Is.EqualTo(new[] { ("bob", "secret") }));
    }

    [Test]
    public async Task Plain_without_an_initial_response_asks_with_an_empty_challenge()
    {
        var exchange = Start("plain");

        var first = await exchange.StepAsync(null, default);
        var second = await exchange.StepAsync(Utf8("\0bob\0secret"), default);

        Assert.That(first, Is.InstanceOf<SaslStep.Challenge>().With.Property("Data").EqualTo(ReadOnlyMemory<byte>.Empty));
        Assert.That(second, Is.InstanceOf<SaslStep.Done>());
    }

    [Test]
    public async Task Plain_does_not_let_one_user_act_for_another()
    {
        var step = await Start("PLAIN").StepAsync(Utf8("alice\0bob\0secret"), default);

        Assert.That(step, Is.InstanceOf<SaslStep.Done>().With.Property("Result").InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("")]
    [TestCase("bob")]
    [TestCase("\0bob")]
    [TestCase("\0\0secret")]
    [TestCase("\0bob\0")]
    [TestCase("\0bob\0sec\0ret")]
    [TestCase("\0bo\r\nb\0secret")]
    public async Task Plain_of_another_form_is_malformed_and_asks_nobody(string response)
    {
        var step = await Start("PLAIN").StepAsync(Utf8(response), default);

        Assert.That(step, Is.InstanceOf<SaslStep.Malformed>());
        Assert.That(_asked, Is.Empty);
    }

    [Test]
    public async Task Bad_utf8_is_malformed() =>
        Assert.That(await Start("PLAIN").StepAsync(new byte[] { 0, 0xC3, 0x28, 0, 0x61 }, default), Is.InstanceOf<SaslStep.Malformed>());

    [TestCase(255, true)]
    [TestCase(256, false)]
    public async Task Names_and_passwords_are_capped_at_255_octets(int length, bool taken)
    {
        var step = await Start("PLAIN").StepAsync(Utf8("\0bob\0" + new string('x', length)), default);

        Assert.That(step is SaslStep.Done, Is.EqualTo(taken));
    }

    [Test]
    public async Task Login_asks_for_the_name_then_for_the_password()
    {
        var exchange = Start("LOGIN");

        var first = (SaslStep.Challenge)await exchange.StepAsync(null, default);
        var second = (SaslStep.Challenge)await exchange.StepAsync(Utf8("bob"), default);
        var third = await exchange.StepAsync(Utf8("secret"), default);

        Assert.That(Encoding.ASCII.GetString(first.Data.Span), Is.EqualTo("Username:"));
        Assert.That(Encoding.ASCII.GetString(second.Data.Span), Is.EqualTo("Password:"));
        Assert.That(third, Is.InstanceOf<SaslStep.Done>());
        Assert.That(_asked, Is.EqualTo(new[] { ("bob", "secret") }));
    }

    [Test]
    public async Task Login_takes_the_name_as_initial_response_too()
    {
        var exchange = Start("LOGIN");

        var first = (SaslStep.Challenge)await exchange.StepAsync(Utf8("bob"), default);

        Assert.That(Encoding.ASCII.GetString(first.Data.Span), Is.EqualTo("Password:"));
    }

    [Test]
    public async Task Login_with_an_empty_answer_is_malformed() =>
        Assert.That(await Start("LOGIN").StepAsync([], default), Is.InstanceOf<SaslStep.Malformed>());

    [Test]
    public void An_unknown_mechanism_has_no_exchange() => Assert.That(_login.Start("X-OTHER", Context), Is.Null);

    [Test]
    public void Every_announced_mechanism_can_be_started() =>
        Assert.That(_login.Offer(Context).Names.Select(name => _login.Start(name, Context)), Has.None.Null);

    [Test]
    public async Task Fuzz_any_octets_get_an_answer_and_no_exception()
    {
        var names = _login.Offer(Context).Names;
        var random = new Random(4616);
        for (var i = 0; i < 5_000; i++)
        {
            var exchange = Start(names[random.Next(names.Count)]);
            for (var step = 0; step < 3; step++)
            {
                var octets = new byte[random.Next(300)];
                random.NextBytes(octets);
                if (random.Next(2) == 0)
                {
                    octets.AsSpan().Replace((byte)0xFF, (byte)0);
                }

                if (await exchange.StepAsync(random.Next(10) == 0 ? null : octets, default) is not SaslStep.Challenge)
                {
                    break;
                }
            }
        }

        Assert.That(_asked, Has.All.Matches<(string User, string Password)>(static asked =>
            asked.User.Length > 0 && asked.Password.Length > 0 && !asked.User.Any(char.IsControl) && !asked.Password.Any(char.IsControl)));
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private ISaslExchange Start(string mechanism) => _login.Start(mechanism, Context)!;

    ValueTask<AuthenticationResult> IMailAuthenticator.VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        _asked.Add((user, password));
        return ValueTask.FromResult<AuthenticationResult>(new AuthenticationResult.Ok(new MailIdentity(user, new AccountId(user))));
    }
}
