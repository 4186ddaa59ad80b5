using MailCore.Imap;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>The names of mailboxes of several accounts.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MailboxNamespacesTests
{
    private static readonly AccountId Own = new("amy");
    private static readonly AccountId Office = new("office");

    [TestCase("INBOX", "amy", "INBOX")]
    [TestCase("Other Users/bob/Work/Deep", "bob", "Work/Deep")]
    [TestCase("Other Users/bob/inbox", "bob", "INBOX")]
    [TestCase("Other Users/bob/Shared/x", "bob", "Shared/x")]
    [TestCase("Shared/Sales", "office", "Sales")]
    [TestCase("Shared/Other Users/bob/x", "office", "Other Users/bob/x")]
    [TestCase("Other Users", null, null)]
    [TestCase("Other Users/bob", null, null)]
    [TestCase("Other Users/amy/INBOX", null, null)]
    [TestCase("Other Users/office/Sales", null, null)]
    [TestCase("Shared", null, null)]
    [TestCase("Sharedx", "amy", "Sharedx")]
    [TestCase("shared/x", "amy", "shared/x")]
    [TestCase("Other Usersx/bob/y", "amy", "Other Usersx/bob/y")]
    public void A_name_leads_to_one_mailbox_or_none(string name, string? account, string? mailbox)
    {
        var place = Namespaces().Locate(MailboxName.Parse(name));
        Assert.That(place.Account?.Value, Is.EqualTo(account));
        Assert.That(account is null ? null : place.Name.Value, Is.EqualTo(mailbox));
    }

    [Test]
    public void What_has_a_name_is_found_by_it_and_by_no_other([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var namespaces = Namespaces();
        var names = new Dictionary<string, (AccountId, string)>();
        for (var round = 0; round < 3_000; round++)
        {
            var account = new AccountId(Pick(random, ["amy", "bob", "office", "a b", "bob/x", "zoë", "Shared", "Other Users", "INBOX", "#1", "*", "&", "x\ty"]));
            if (!MailboxName.TryParse(string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => Pick(random, ["Other Users", "Shared", "/", "bob", "INBOX", "inbox", "ä", "%"]))), out var mailbox)
                || namespaces.NameOf(account, mailbox.Value) is not { } name)
            {
                continue;
            }

            var place = namespaces.Locate(MailboxName.Parse(name));
            Assert.That((place.Account, place.Name), Is.EqualTo((account, mailbox)), name);
            Assert.That(names.TryAdd(name, (account, mailbox.Value)) || names[name] == (account, mailbox.Value), name);
            // LIST must look where the name is.
            var cut = random.Next(name.Length + 1);
            var pattern = new ListPattern(System.Text.Encoding.UTF8.GetBytes(name[..cut] + "*"), isUtf8: true);
            Assert.That(account == Own || namespaces.MayLeadToOthers(pattern.Beginning), $"{name} by {name[..cut]}*");
        }

        Assert.That(names, Has.Count.GreaterThan(50));
    }

    [Test]
    public void The_shared_account_sees_its_own_mailboxes_as_such()
    {
        var namespaces = new MailboxNamespaces(new ImapOptions { SharedAccount = Office }, Office, shares: true);
        Assert.That(namespaces.Shared, Is.Null);
        Assert.That(namespaces.Locate(MailboxName.Parse("Sales")), Is.EqualTo(new MailboxPlace(Office, MailboxName.Parse("Sales"))));
        Assert.That(namespaces.Locate(MailboxName.Parse("Shared/Sales")).Account, Is.EqualTo(Office));
    }

    [TestCase("", "Shared")]
    [TestCase("A", "A")]
    [TestCase("A", "A/B")]
    [TestCase("A/B", "A")]
    [TestCase("inbox", "Shared")]
    [TestCase("Others", "a//b")]
    public void Namespaces_that_run_into_each_other_are_refused(string others, string shared) => Assert.That(
        () => MailboxNamespaces.Check(new ImapOptions { OtherUsersNamespace = others, SharedNamespace = shared }),
        Throws.ArgumentException.With.Message.Contains("can't be the names of namespaces"));

    private static MailboxNamespaces Namespaces() => new(new ImapOptions { SharedAccount = Office }, Own, shares: true);

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
