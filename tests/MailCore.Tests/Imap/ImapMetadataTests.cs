using System.Text;
using MailCore.Authentication;
using MailCore.Imap.Extensions;
using MailCore.Storage;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapMetadataTests
{
    [Test]
    public async Task Entries_of_the_host_are_told_beside_the_stored_ones_and_can_t_be_set()
    {
        await using var server = new ImapTestServer { Metadata = [new Sizes()] };
        var account = await server.AddUserAsync();
        await server.AppendAsync("12345"u8.ToArray());
        await (await server.MailboxAsync()).SetMetadataAsync([("/shared/vendor/example/size", "a lie"u8.ToArray()), ("/shared/vendor/other", "kept"u8.ToArray())]);
        await account.SetMetadataAsync([("/shared/vendor/of-this-user", "set by the host"u8.ToArray())]);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("GETMETADATA (DEPTH infinity) INBOX /shared/vendor"))[0], Is.EqualTo(
            "* METADATA INBOX (/shared/vendor/example/for \"bob\" /shared/vendor/example/size \"5\" /shared/vendor/other \"kept\")"));
        Assert.That((await client.OkAsync("GETMETADATA \"\" (/shared/vendor/example/size /shared/vendor/of-this-user)"))[0], Is.EqualTo(
            "* METADATA \"\" (/shared/vendor/example/size NIL /shared/vendor/of-this-user \"set by the host\")"));
        Assert.That((await client.OkAsync("LIST \"\" INBOX RETURN (METADATA /shared/vendor/example/size)"))[1], Is.EqualTo("* METADATA INBOX (/shared/vendor/example/size \"5\")"));
        Assert.That((await client.RunAsync("SETMETADATA INBOX (/shared/vendor/other \"x\" /shared/vendor/example/size \"6\")"))[^1], Does.Contain(" NO [NOPERM] "));
        Assert.That((await client.OkAsync("GETMETADATA INBOX /shared/vendor/other"))[0], Does.EndWith("\"kept\")"));
    }

    [TestCase("/shared/admin")]
    [TestCase("/private/specialuse/below")]
    [TestCase("/shared")]
    [TestCase("/Shared/Upper")]
    [TestCase("size")]
    public void A_source_of_the_host_needs_an_entry_of_its_own(string entry)
    {
        var server = new ImapTestServer { Metadata = [new Empty(entry)] };
        Assert.That(() => server.Connect().Session, Throws.ArgumentException.With.Message.Contains(entry));
    }

    [Test]
    public async Task The_last_entry_there_is_room_for_is_taken_and_the_next_is_TOOMANY()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        await client.OkAsync($"SETMETADATA INBOX ({string.Join(' ', Enumerable.Range(1, StorageLimits.MetadataEntries).Select(static i => $"/private/{i} \"x\""))})");
        Assert.That((await client.RunAsync("SETMETADATA INBOX (/private/1 NIL /private/2 \"other\" /private/a \"x\" /private/b \"x\")"))[^1], Does.Contain(" NO [METADATA TOOMANY] "));
        Assert.That((await client.OkAsync("GETMETADATA INBOX (/private/1 /private/2)"))[0], Is.EqualTo("* METADATA INBOX (/private/1 \"x\" /private/2 \"x\")"));
        await client.OkAsync("SETMETADATA INBOX (/private/1 NIL /private/a \"x\")");
    }

    [TestCase(MailboxRights.Lookup, false, false)]
    [TestCase(MailboxRights.Lookup | MailboxRights.Insert, true, false)]
    [TestCase(MailboxRights.Lookup | MailboxRights.Write, true, true)]
    [TestCase(MailboxRights.All & ~MailboxRights.Lookup, false, false)]
    public async Task Metadata_of_a_mailbox_needs_rights_on_it(MailboxRights rights, bool mayRead, bool mayShare)
    {
        await using var server = new ImapTestServer { Authorization = new Fixed(rights) };
        await server.AddUserAsync();
        await (await server.MailboxAsync("Work")).SetMetadataAsync([("/shared/comment", "x"u8.ToArray())]);
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        Assert.That((await client.RunAsync("GETMETADATA Work /shared/comment")).Any(static line => line.StartsWith("* METADATA", StringComparison.Ordinal)), Is.EqualTo(mayRead));
        Assert.That((await client.RunAsync("LIST \"\" Work RETURN (METADATA /shared/comment)")).Any(static line => line.StartsWith("* METADATA", StringComparison.Ordinal)), Is.EqualTo(mayRead));
        Assert.That((await client.RunAsync("SETMETADATA Work (/private/comment \"x\")"))[^1].Split(' ')[1], Is.EqualTo(mayRead ? "OK" : "NO"));
        Assert.That((await client.RunAsync("SETMETADATA Work (/shared/comment \"y\")"))[^1].Split(' ')[1], Is.EqualTo(mayShare ? "OK" : "NO"));
    }

    [Test]
    public async Task A_store_without_metadata_and_quota_has_the_server_s_entries_only()
    {
        await using var server = new ImapTestServer();
        server.Options.AdminUri = "tel:+1";
        server.UseStore(new PlainStore(server.Store));
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        var capabilities = (await client.OkAsync("CAPABILITY"))[0].Split(' ');
        Assert.That(capabilities, Does.Contain("METADATA-SERVER").And.Not.Contain("METADATA").And.Not.Contain("LIST-METADATA"));
        Assert.That(capabilities, Has.None.StartsWith("QUOTA"));
        Assert.That((await client.OkAsync("GETMETADATA \"\" /shared/admin"))[0], Is.EqualTo("* METADATA \"\" (/shared/admin \"tel:+1\")"));
        Assert.That(await client.OkAsync("LIST \"\" * RETURN (METADATA /shared/comment)"), Has.None.Contains("METADATA"));
        foreach (var refused in new[] { "GETMETADATA INBOX /shared/comment", "SETMETADATA INBOX (/private/comment \"x\")", "SETMETADATA \"\" (/private/comment \"x\")", "GETQUOTAROOT INBOX", "GETQUOTA bob", "SETQUOTA bob ()" })
        {
            Assert.That((await client.RunAsync(refused))[^1], Does.Contain(" NO [CANNOT] "), refused);
        }
    }

    private sealed class Sizes : ImapMetadataSource
    {
        public override string Entry => "/shared/vendor/example";

        public override ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapMetadataContext context, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<MetadataEntry>>(context.Mailbox is not { } mailbox ? [] :
            [
                new MetadataEntry("/shared/vendor/example/size", Encoding.ASCII.GetBytes($"{mailbox.Bytes}")),
                new MetadataEntry("/shared/vendor/example/for", Encoding.ASCII.GetBytes(context.User.Name)),
                new MetadataEntry("/shared/vendor/other", "not mine"u8.ToArray()),
            ]);
    }

    private sealed class Empty(string entry) : ImapMetadataSource
    {
        public override string Entry => entry;

        public override ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapMetadataContext context, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<MetadataEntry>>([]);
    }

    private sealed class Fixed(MailboxRights rights) : IMailboxAuthorization
    {
        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) => ValueTask.FromResult(rights);
    }

    private sealed class PlainStore(IMailStore inner) : StoreWrapper(inner)
    {
        public override StoreTraits Traits => base.Traits & ~(StoreTraits.Metadata | StoreTraits.Quota);

        public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
            batches.Any(static batch => batch.Changes.Any(static change => change is SetMetadata))
                ? [.. batches.Select(static _ => new CommitResult(CommitError.NotSupported, 0, null, []))]
                : await base.CommitAsync(batches, cancellationToken);
    }
}
