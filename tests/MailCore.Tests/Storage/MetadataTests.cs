using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

public sealed class MetadataTests
{
    [TestCase("/private/comment", ExpectedResult = "/private/comment")]
    [TestCase("/SHARED/Vendor/Kolab/X", ExpectedResult = "/shared/vendor/kolab/x")]
    public string? A_name_is_put_into_lower_case(string text) => MetadataEntry.TryParseName(text, out var name) ? name : null;

    [TestCase(null)]
    [TestCase("")]
    [TestCase("/private")]
    [TestCase("/private/")]
    [TestCase("private/comment")]
    [TestCase("/other/comment")]
    [TestCase("/private//comment")]
    [TestCase("/private/comment/")]
    [TestCase("/private/a*")]
    [TestCase("/private/a%")]
    [TestCase("/private/ä")]
    [TestCase("/private/a\r\n")]
    public void What_is_no_name_is_refused(string? text) => Assert.That(MetadataEntry.TryParseName(text, out _), Is.False);

    [Test]
    public void A_name_has_a_greatest_length()
    {
        var longest = "/private/" + new string('a', MetadataEntry.MaxNameLength - 9);
        Assert.That(MetadataEntry.TryParseName(longest, out _));
        Assert.That(MetadataEntry.TryParseName(longest + "a", out _), Is.False);
    }

    [Test]
    public async Task Annotations_rights_and_quotas_go_through_the_account()
    {
        var account = (await new MailAccounts(new Storage.InMemory.MemoryTarget().Store, new LocalChangeSignal(), TimeProvider.System).OpenAsync(new AccountId("anna")))!;
        var inbox = (await account.FindMailboxAsync(MailboxName.Inbox))!;

        Assert.That((await inbox.SetMetadataAsync([("/Private/Comment", [1]), ("/shared/comment", [2])])).Succeeded);
        Assert.That((await inbox.SetMetadataAsync([("/private/comment", null), ("no-name", [2])])).Error, Is.EqualTo(CommitError.NotSupported));
        Assert.That((await inbox.ReadMetadataAsync()).Select(static entry => entry.Entry), Is.EqualTo(["/private/comment", "/shared/comment"]));
        Assert.That((await account.SetMetadataAsync([("/shared/admin", [3])])).Succeeded);
        Assert.That((await account.ReadMetadataAsync()).Select(static entry => entry.Entry), Is.EqualTo(["/shared/admin"]));
        Assert.That((await inbox.SetAclAsync("bob", FlagMode.Add, "rl")).Succeeded);
        Assert.That((await inbox.GetInfoAsync())!.Acl, Is.EqualTo([new AclEntry("bob", "lr")]));
        await account.SetQuotaAsync(100, 2);
        Assert.That((await account.SnapshotAsync()).MessageLimit, Is.EqualTo(2));
    }
}
