using System.Text;
using MailCore.Messaging;
using NUnit.Framework;

namespace MailCore.Tests.Messaging;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MessagingTests
{
    [TestCase("bob@example.org", "bob", "example.org")]
    [TestCase("b.o'b+x@example.org.", "b.o'b+x", "example.org")]
    [TestCase("\"b ob\"@example.org", "b ob", "example.org")]
    [TestCase("\"b\\\"o\\\\b\"@example.org", "b\"o\\b", "example.org")]
    [TestCase("\"bob\"@example.org", "bob", "example.org")]
    [TestCase("\"@\"@example.org", "@", "example.org")]
    [TestCase("\"\"@example.org", "", "example.org")]
    [TestCase("bob@[192.0.2.1]", "bob", "[192.0.2.1]")]
    [TestCase("bob@[IPv6:2001:db8::1]", "bob", "[IPv6:2001:db8::1]")]
    [TestCase("jör@exämple.example", "jör", "exämple.example")]
    [TestCase("用户@例子.广告", "用户", "例子.广告")]
    [TestCase("bob@localhost", "bob", "localhost")]
    public void Addresses_are_read(string text, string local, string domain)
    {
        var address = EmailAddress.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(address.LocalPart, Is.EqualTo(local));
            Assert.That(address.Domain, Is.EqualTo(domain));
            Assert.That(EmailAddress.Parse(address.ToString()), Is.EqualTo(address));
        });
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("bob")]
    [TestCase("@example.org")]
    [TestCase("bob@")]
    [TestCase("bob@@example.org")]
    [TestCase(".bob@example.org")]
    [TestCase("b..ob@example.org")]
    [TestCase("bob.@example.org")]
    [TestCase("b ob@example.org")]
    [TestCase("b\rob@example.org")]
    [TestCase("\"b\nob\"@example.org")]
    [TestCase("\"b\\\nob\"@example.org")]
    [TestCase("\"bob@example.org")]
    [TestCase("\"bob\\\"@example.org")]
    [TestCase("bob@-x.example")]
    [TestCase("bob@x..example")]
    [TestCase("bob@exa mple.org")]
    [TestCase("bob@[192.0.2]")]
    [TestCase("bob@[192.0.2.1")]
    [TestCase("bob@[2001:db8::1]")]
    [TestCase("bob@[IPv6:192.0.2.1]")]
    [TestCase("bob\uFFFD@example.org")]
    [TestCase("bob@example.org\0")]
    [TestCase("b\uD800b@example.org")]
    [TestCase("\"b\uDC00b\"@example.org")]
    [TestCase("bob@ex\uD800mple.org")]
    public void Other_text_is_no_address(string? text) => Assert.That(EmailAddress.TryParse(text, out _), Is.False);

    [Test]
    public void Lengths_are_limited()
    {
        var label = new string('a', 63);
        var longest = string.Join('.', label, label, label, new string('a', 63));
        Assert.Multiple(() =>
        {
            Assert.That(EmailAddress.TryParse(new string('a', 64) + "@x", out _), Is.True);
            Assert.That(EmailAddress.TryParse(new string('a', 65) + "@x", out _), Is.False);
            Assert.That(EmailAddress.TryParse(new string('ö', 33) + "@x", out _), Is.False);
            Assert.That(EmailAddress.TryParse($"a@{longest}", out _), Is.True);
            Assert.That(EmailAddress.TryParse($"a@{longest}a", out _), Is.False);
            Assert.That(EmailAddress.TryParse($"a@{label}a", out _), Is.False);
        });
    }

    [Test]
    public void Addresses_compare_by_local_part_and_by_domain_without_case()
    {
        Assert.Multiple(() =>
        {
            Assert.That(EmailAddress.Parse("bob@EXAMPLE.org"), Is.EqualTo(EmailAddress.Parse("bob@example.ORG")));
            Assert.That(EmailAddress.Parse("bob@EXAMPLE.org").GetHashCode(), Is.EqualTo(EmailAddress.Parse("bob@example.ORG").GetHashCode()));
            Assert.That(EmailAddress.Parse("Bob@example.org"), Is.Not.EqualTo(EmailAddress.Parse("bob@example.org")));
            Assert.That(EmailAddress.Parse("bob@example.org").WithLocalPart("a b").ToString(), Is.EqualTo("\"a b\"@example.org"));
            Assert.That(() => EmailAddress.Parse("bob@example.org").WithLocalPart("a\r"), Throws.TypeOf<FormatException>());
            Assert.That(() => EmailAddress.Parse("bob@example.org").WithDomain("a b"), Throws.TypeOf<FormatException>());
            Assert.That(EmailAddress.Parse("jör@x").IsInternationalized, Is.True);
            Assert.That(EmailAddress.Postmaster.ToString(), Is.EqualTo("postmaster"));
        });
    }

    [Test]
    public void A_reply_cannot_be_broken_from_outside()
    {
        var reply = new SmtpReply(550, "5.1.1", "no\r250 OK\0\nsecond");
        Assert.Multiple(() =>
        {
            Assert.That(Encoding.UTF8.GetString(reply.Encoded.Span), Is.EqualTo("550-5.1.1 no?250 OK?\r\n550 5.1.1 second\r\n"));
            Assert.That(() => new SmtpReply(550, "4.1.1", "x"), Throws.ArgumentException);
            Assert.That(() => new SmtpReply(199, "2.0.0", "x"), Throws.InstanceOf<ArgumentException>());
            Assert.That(reply.IsPositive || reply.IsTransient, Is.False);
            Assert.That(SmtpReply.Ok.IsPositive, Is.True);
        });
    }

    [TestCase("5.1.1", true)]
    [TestCase("2.999.0", true)]
    [TestCase("3.1.1", false)]
    [TestCase("5.1", false)]
    [TestCase("5.1.1.1", false)]
    [TestCase("5.1000.1", false)]
    [TestCase("5.-1.1", false)]
    [TestCase("", false)]
    public void Status_codes_are_read(string text, bool isOne)
    {
        Assert.That(EnhancedStatusCode.TryParse(text, out var code), Is.EqualTo(isOne));
        if (isOne)
        {
            Assert.That(code.ToString(), Is.EqualTo(text));
        }
    }

    [Test]
    public void Queue_ids_are_letters_and_digits_and_sort_by_time()
    {
        var time = new MailCore.Testing.ManualTimeProvider();
        var first = QueueId.Create(time);
        time.Advance(TimeSpan.FromSeconds(1));
        var second = QueueId.Create(time);
        Assert.Multiple(() =>
        {
            Assert.That(first, Does.Match("^[0-9A-Z]{16}$"));
            Assert.That(string.CompareOrdinal(first, second), Is.LessThan(0));
            Assert.That(QueueId.Create(time), Is.Not.EqualTo(second));
        });
    }

    [Test]
    public void Random_text_never_throws_and_what_parses_prints_the_same_again([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        const string Alphabet = "ab.@\"\\[]:1IPv6 \r\0öЖ\uD800\uFFFD-_";
        for (var i = 0; i < 5_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(25)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            if (EmailAddress.TryParse(text, out var address))
            {
                Assert.That(EmailAddress.Parse(address.ToString()), Is.EqualTo(address));
                Assert.That(address.ToString().Any(char.IsControl), Is.False);
            }
        }
    }
}
