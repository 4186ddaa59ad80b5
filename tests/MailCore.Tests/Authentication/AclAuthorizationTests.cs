using MailCore.Authentication;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

/// <summary>What access control lists give, and the text of rights and identifiers.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class AclAuthorizationTests
{
    private static readonly MailIdentity Amy = new("amy", new AccountId("Amy@example.org")) { Groups = ["Sales", "Staff"] };

    [TestCase("amy@example.org=lr", "lr")]
    [TestCase("bob@example.org=lr", "")]
    [TestCase("anyone=l amy@example.org=r", "lr")]
    [TestCase("$sales=l $staff=w $board=x", "lw")]
    [TestCase("anyone=lrs -amy@example.org=s", "lr")]
    [TestCase("amy@example.org=lrs -anyone=s", "lr")]
    [TestCase("amy@example.org=lrs -$staff=s", "lr")]
    [TestCase("amy@example.org=lrs -$board=s", "lrs")]
    [TestCase("-amy@example.org=lrs", "")]
    [TestCase("amy@example.org=lr0Z", "lr")]
    [TestCase("amy@example.org=cd", "kxte")]
    [TestCase("sales=l", "")]
    [TestCase("", "p")]
    public void Rights_are_granted_together_and_then_taken_away(string acl, string expected) =>
        Assert.That(RightsText.Format(AclAuthorization.RightsOf(Amy, new AccountId("bob"), Parse(acl))), Is.EqualTo(expected));

    [Test]
    public void An_owner_has_all_rights_whatever_the_list_says() =>
        Assert.That(AclAuthorization.RightsOf(Amy, Amy.Account, Parse("-amy@example.org=lrswikxtepa -anyone=lr")), Is.EqualTo(MailboxRights.All));

    [TestCase("anyone=lp amy=w", "lp")]
    [TestCase("amy=p", "")]
    [TestCase("anyone=lp -anyone=p", "l")]
    public void Who_is_not_logged_in_has_the_rights_of_anyone(string acl, string expected) =>
        Assert.That(RightsText.Format(AclAuthorization.RightsOf(MailIdentity.Anyone, new AccountId("bob"), Parse(acl))), Is.EqualTo(expected));

    [TestCase("-amy", "-amy=lr anyone=l", "l")]
    [TestCase("$sales", "$sales=lr anyone=l", "l")]
    [TestCase("$sales", "-$sales=l anyone=lr", "lr")]
    public void An_account_that_is_called_like_a_group_or_a_denial_gets_nothing_from_it(string account, string acl, string expected) =>
        Assert.That(RightsText.Format(AclAuthorization.RightsOf(new MailIdentity("x", new AccountId(account)), new AccountId("bob"), Parse(acl))), Is.EqualTo(expected));

    [Test]
    public void A_name_in_a_list_is_an_account_and_never_a_login_name() =>
        Assert.That(AclAuthorization.RightsOf(new MailIdentity("bob", new AccountId("17")), new AccountId("amy"), Parse("bob=lr")), Is.EqualTo(MailboxRights.None));

    [Test]
    public void Letters_are_read_as_they_are_written([Range(0, 2047, 89)] int bits)
    {
        var rights = (MailboxRights)bits;
        Assert.That(RightsText.TryParse(RightsText.Format(rights), out var read), Is.True);
        Assert.That(read, Is.EqualTo(rights));
        Assert.That(RightsText.ParseKnown(RightsText.FormatForClients(rights) + "?9"), Is.EqualTo(
            rights
            | ((rights & (MailboxRights.Create | MailboxRights.DeleteMailbox)) != 0 ? MailboxRights.Create | MailboxRights.DeleteMailbox : 0)
            | ((rights & (MailboxRights.DeleteMessages | MailboxRights.Expunge)) != 0 ? MailboxRights.DeleteMessages | MailboxRights.Expunge : 0)));
    }

    [TestCase("lR")]
    [TestCase("l r")]
    [TestCase("1")]
    [TestCase("+l")]
    [TestCase("é")]
    [TestCase(null)]
    public void What_is_no_right_is_refused(string? letters) => Assert.That(RightsText.TryParse(letters, out _), Is.False);

    [TestCase("AMY", "amy")]
    [TestCase("-Amy", "-amy")]
    [TestCase("$Sales Team", "$sales team")]
    [TestCase("a\u00adb", "ab")]
    [TestCase("ªlef", "alef")]
    public void Identifiers_have_one_form(string text, string expected)
    {
        Assert.That(AclIdentifier.TryParse(text, out var identifier), Is.True);
        Assert.That(identifier, Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("-")]
    [TestCase("$")]
    [TestCase("-$")]
    [TestCase("a\tb")]
    [TestCase("a\u0007")]
    [TestCase("\u00ad")]
    public void What_is_no_identifier_is_refused(string text) => Assert.That(AclIdentifier.TryParse(text, out _), Is.False);

    [Test]
    public void An_identifier_has_255_octets_at_the_most()
    {
        Assert.That(AclIdentifier.TryParse(new string('a', 255), out _), Is.True);
        Assert.That(AclIdentifier.TryParse(new string('a', 256), out _), Is.False);
        Assert.That(AclIdentifier.TryParse(new string('é', 127), out _), Is.True);
        Assert.That(AclIdentifier.TryParse(new string('é', 128), out _), Is.False);
    }

    [Test]
    public void Any_text_is_an_identifier_of_one_form_or_none([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => (char)(random.Next(4) == 0 ? random.Next(0x10000) : random.Next(128))));
            if (AclIdentifier.TryParse(text, out var identifier))
            {
                Assert.That(identifier, Is.Not.Empty);
                Assert.That(identifier.Any(char.IsControl), Is.False, identifier);
                Assert.That(new SetAcl(default, identifier, FlagMode.Add, "l").IsWellFormed, Is.True);
            }
        }
    }

    private static AclEntry[] Parse(string acl) =>
        [.. acl.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static entry => entry.Split('=')).Select(static pair => new AclEntry(pair[0], pair[1]))];
}
