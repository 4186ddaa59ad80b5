using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All)]
public sealed class MailboxNameTests
{
    [TestCase("INBOX", "INBOX")]
    [TestCase("inbox", "INBOX")]
    [TestCase("InBox/Lists", "INBOX/Lists")]
    [TestCase("INBOXES", "INBOXES")]
    [TestCase("inboxes/a", "inboxes/a")]
    [TestCase("a/inbox", "a/inbox")]
    [TestCase("Entwürfe/送信済み/📬", "Entwürfe/送信済み/📬")]
    [TestCase("a b*%\"\\&", "a b*%\"\\&")]
    public void A_name_is_kept_but_for_the_case_of_inbox(string text, string expected) =>
        Assert.That(MailboxName.Parse(text).Value, Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("/")]
    [TestCase("/a")]
    [TestCase("a/")]
    [TestCase("a//b")]
    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\tb")]
    [TestCase("a\0")]
    [TestCase("a\u007f")]
    [TestCase("a\u0085")]
    [TestCase("a\u2028b")]
    [TestCase("a\u2029b")]
    public void What_is_no_name_is_refused(string text)
    {
        Assert.That(MailboxName.TryParse(text, out var name), Is.False);
        Assert.That(name, Is.EqualTo(default(MailboxName)));
        Assert.That(() => MailboxName.Parse(text), Throws.TypeOf<FormatException>());
    }

    // Attributes can't hold these.
    [Test]
    public void A_lone_surrogate_is_refused()
    {
        Assert.That(MailboxName.TryParse("a\ud800b", out _), Is.False);
        Assert.That(MailboxName.TryParse("\udc00", out _), Is.False);
        Assert.That(MailboxName.TryParse("a\ud83d", out _), Is.False);
    }

    [Test]
    public void Null_is_no_name() => Assert.That(MailboxName.TryParse(null, out _), Is.False);

    [Test]
    public void The_limit_is_in_octets()
    {
        Assert.That(MailboxName.TryParse(new string('n', 1000), out _), Is.True);
        Assert.That(MailboxName.TryParse(new string('n', 1001), out _), Is.False);
        Assert.That(MailboxName.TryParse(new string('ü', 500), out _), Is.True);
        Assert.That(MailboxName.TryParse(new string('ü', 500) + "n", out _), Is.False);
    }

    [Test]
    public void Levels_are_told_apart()
    {
        var name = MailboxName.Parse("a/b/c");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(name.Parent, Is.EqualTo(MailboxName.Parse("a/b")));
            Assert.That(MailboxName.Parse("a").Parent, Is.Null);
            Assert.That(name.IsBelow(MailboxName.Parse("a")), Is.True);
            Assert.That(name.IsBelow(name), Is.False);
            Assert.That(MailboxName.Parse("ab").IsBelow(MailboxName.Parse("a")), Is.False);
            Assert.That(MailboxName.Parse("inbox").IsInbox, Is.True);
            Assert.That(MailboxName.Parse("inbox/a").IsInbox, Is.False);
            Assert.That(MailboxName.Parse("inbox") == MailboxName.Inbox, Is.True);
            Assert.That(MailboxName.Parse("A") != MailboxName.Parse("a"), Is.True);
        }
    }
}
