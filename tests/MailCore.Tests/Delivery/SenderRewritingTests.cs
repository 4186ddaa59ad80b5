using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

public class SenderRewritingTests
{
    private const string Secret = "a secret of some length";

    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 12, 0, 0, TimeSpan.Zero));

    [TestCase("alice@example.com")]
    [TestCase("a=b@example.com")]
    [TestCase("\"a b\"@example.com")]
    [TestCase("A.Lice@Example.COM")]
    public void A_forwarded_sender_is_ours_and_leads_back(string sender)
    {
        var srs = New();

        var rewritten = srs.Forward(Path(sender)).Address!;

        Assert.That(rewritten.Domain, Is.EqualTo("ours.example"));
        Assert.That(rewritten.LocalPart, Does.StartWith("SRS0="));
        Assert.That(srs.TryReverse(rewritten, out var original) ? original.ToString() : null, Is.EqualTo(sender));
        Assert.That(srs.TryReverse(EmailAddress.Parse(rewritten.ToString().ToLowerInvariant()), out _), "servers on the way may change the case");
    }

    [TestCase("")]
    [TestCase("alice@ours.example")]
    [TestCase("alice@OURS.example")]
    [TestCase("alice@other-of-ours.example")]
    [TestCase("a.very.long.local.part.that.leaves.no.place@a.long.domain.example")]
    public void Others_stay_as_they_are(string sender) =>
        Assert.That(New().Forward(Path(sender)), Is.EqualTo(Path(sender)));

    [Test]
    public void PostSRSd_writes_the_same_where_the_hash_has_four_characters()
    {
        // HMAC-SHA1 over day, domain and local part in lower case; day 20784 of 1970 is 304 of its 1024.
        var day = 20_784 % 1_024;
        Assert.That(_time.GetUtcNow().ToUnixTimeSeconds() / 86_400, Is.EqualTo(20_784));
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var stamp = $"{Alphabet[day >> 5]}{Alphabet[day & 31]}";
        var hash = Convert.ToBase64String(System.Security.Cryptography.CryptographicOperations.HmacData(
            System.Security.Cryptography.HashAlgorithmName.SHA1,
            System.Text.Encoding.ASCII.GetBytes(Secret), System.Text.Encoding.ASCII.GetBytes(stamp.ToLowerInvariant() + "example.comalice")))[..4];

        Assert.That(New(hashLength: 4).Forward(Path("alice@example.com")).ToString(), Is.EqualTo($"SRS0={hash}={stamp}=example.com=alice@ours.example"));
    }

    [Test]
    public void What_others_have_rewritten_leads_back_in_two_steps_however_often_it_is_forwarded()
    {
        var (first, second, third) = (New("one.example"), New("two.example"), New("three.example"));

        var once = first.Forward(Path("a@x.example"));
        var twice = second.Forward(once);
        var thrice = third.Forward(twice);

        Assert.That(twice.Address!.LocalPart, Does.StartWith("SRS1=").And.Contain("=one.example=="));
        Assert.That(thrice.Address!.LocalPart, Does.StartWith("SRS1=").And.Contain("=one.example==").And.Not.Contain("two.example"));
        Assert.That(third.TryReverse(thrice.Address, out var back) ? back : null, Is.EqualTo(once.Address));
        Assert.That(first.TryReverse(back!, out var original) ? original.ToString() : null, Is.EqualTo("a@x.example"));
    }

    [TestCase(0, ExpectedResult = true)]
    [TestCase(21, ExpectedResult = true)]
    [TestCase(22, ExpectedResult = false)]
    [TestCase(-1, ExpectedResult = true)]
    [TestCase(-2, ExpectedResult = false)]
    [TestCase(1_000, ExpectedResult = false)]
    public bool An_address_lives_for_so_many_days(int days)
    {
        var rewritten = New(time: new ManualTimeProvider(_time.GetUtcNow())).Forward(Path("alice@example.com")).Address!;

        return New(time: new ManualTimeProvider(_time.GetUtcNow().AddDays(days))).TryReverse(rewritten, out _);
    }

    [Test]
    public void Nothing_but_what_we_signed_is_believed()
    {
        var srs = New();
        var genuine = srs.Forward(Path("alice@example.com")).ToString();
        foreach (var forged in new[]
        {
            genuine.Replace("alice", "mallory", StringComparison.Ordinal), genuine.Replace("example.com", "example.net", StringComparison.Ordinal),
            genuine.Replace("ours.example", "other.example", StringComparison.Ordinal), genuine.Replace("SRS0", "SRS1", StringComparison.Ordinal),
            "SRS0=@ours.example", "SRS0=====@ours.example", "SRS0=AAAAAAAA=AA=example.com=alice@ours.example", "SRS1=AAAAAAAA=x.example==y@ours.example", "SRS1=x@ours.example",
        })
        {
            Assert.That(!EmailAddress.TryParse(forged, out var address) || !srs.TryReverse(address, out _), forged);
        }

        Assert.That(New(secrets: ["another secret of some length"]).TryReverse(EmailAddress.Parse(genuine), out _), Is.False);
        Assert.That(New(secrets: ["another secret of some length", Secret]).TryReverse(EmailAddress.Parse(genuine), out _), "an old secret is still believed");
    }

    [Test]
    public void Random_addresses_of_the_form_lead_nowhere()
    {
        var srs = New();
        var random = new Random(1_996);
        string[] pieces = ["SRS0", "SRS1", "=", "=", "==", "+", "-", "AB", "x.example", "\u00fc", "a", "=AA="];
        for (var round = 0; round < 2_000; round++)
        {
            var local = "SRS" + random.Next(2) + string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            if (EmailAddress.TryParse(local + "@ours.example", out var address))
            {
                Assert.That(srs.TryReverse(address, out _), Is.False, local);
                Assert.That(New("two.example").Forward(new ReversePath(address)).IsNull, Is.False);
            }
        }
    }

    [Test]
    public async Task The_router_sends_notifications_on_and_refuses_what_is_forged()
    {
        var srs = New();
        var router = new SrsRouter(new Behind(), srs);
        var transaction = new MailTransaction("Q1", new MailSessionInfo { ConnectionId = "c", Protocol = "ESMTP", ServerName = "mx" }, new Envelope(ReversePath.Null), _time.GetUtcNow());
        ValueTask<RecipientRoute> Route(EmailAddress to) => router.RouteAsync(transaction, new Recipient(to), default);

        Assert.That(await Route(srs.Forward(Path("alice@example.com")).Address!), Is.EqualTo(new RecipientRoute.Relay(EmailAddress.Parse("alice@example.com"))));
        Assert.That(await Route(EmailAddress.Parse("SRS0=AAAAAAAA=AA=example.com=alice@ours.example")), Is.TypeOf<RecipientRoute.Refuse>());
        Assert.That(await Route(EmailAddress.Parse("bob@ours.example")), Is.TypeOf<RecipientRoute.Local>());
    }

    [TestCase("", Secret, 21, 8, '=')]
    [TestCase("ours.example", "short", 21, 8, '=')]
    [TestCase("ours.example", Secret, 0, 8, '=')]
    [TestCase("ours.example", Secret, 501, 8, '=')]
    [TestCase("ours.example", Secret, 21, 3, '=')]
    [TestCase("ours.example", Secret, 21, 17, '=')]
    [TestCase("ours.example", Secret, 21, 8, '@')]
    public void Options_that_can_not_be_are_refused(string domain, string secret, int days, int hashLength, char separator) => Assert.That(
        () => new SenderRewriting(new SrsOptions { Domain = domain, Secrets = [secret], MaxAge = TimeSpan.FromDays(days), HashLength = hashLength, Separator = separator }),
        Throws.ArgumentException);

    private SenderRewriting New(string domain = "ours.example", int hashLength = 8, TimeProvider? time = null, string[]? secrets = null) =>
        new(new SrsOptions { Domain = domain, Secrets = secrets ?? [Secret], HashLength = hashLength, ExcludedDomains = ["other-of-ours.example"] }, time ?? _time);

    private static ReversePath Path(string text) => new(text.Length == 0 ? null : EmailAddress.Parse(text));

    private sealed class Behind : IMessageRouter
    {
        public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
            new(new RecipientRoute.Local(new MailCore.Storage.AccountId("a")));
    }
}
