using System.IO.Compression;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Storage.Sqlite.Database;
using MailCore.StoreHost;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>Folders written by earlier versions, kept as they were.</summary>
public sealed class SqliteMigrationTests
{
    private SqliteTestFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new SqliteTestFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task A_folder_of_schema_1_is_brought_up_to_date_with_all_its_messages()
    {
        Unpack("schema1.zip");
        await using var store = SqliteMailStore.Open(_folder.Path);

        Assert.That(ReadVersions(store), Is.EqualTo(Enumerable.Range(1, Schema.Version)));
        var found = 0;
        for (var user = 0; user < 3; user++)
        {
            var account = await SqliteTestAccount.OpenAsync(store, $"user{user}@example.org");
            var info = await account.InboxInfoAsync();
            Assert.That(info.Keywords, Is.EqualTo(["$Label1"]));
            for (var uid = 1u; uid < info.UidNext.Value; uid++)
            {
                var octets = (await account.ReadContentAsync(uid))!;
                Assert.That(octets, Is.EqualTo(NumberedMessage.Make(NumberedMessage.NameOf(octets))));
                found++;
            }
        }

        // 25 messages, 5 of them for all three accounts.
        Assert.That(found, Is.EqualTo(35));
        await (await SqliteTestAccount.OpenAsync(store)).AppendAsync([1, 2, 3]);
    }

    [Test]
    public async Task Each_step_is_a_transaction_of_its_own()
    {
        Unpack("schema1.zip");
        var path = Path.Combine(_folder.Path, "mail.db");
        SQLitePCL.Batteries_V2.Init();
        using (var db = StoreConnection.OpenWriter(path))
        {
            db.Execute("ALTER TABLE content ADD COLUMN hash BLOB");
        }

        Assert.That(() => SqliteMailStore.Open(_folder.Path), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("hash"));
        using (var db = StoreConnection.OpenWriter(path))
        {
            Assert.That(db.QueryText("SELECT max(version) FROM schema_version"), Is.EqualTo("1"));
            db.Execute("ALTER TABLE content DROP COLUMN hash");
        }

        await using var store = SqliteMailStore.Open(_folder.Path);
        Assert.That(ReadVersions(store), Has.Count.EqualTo(Schema.Version));
    }

    [Test]
    public async Task Messages_of_an_older_folder_count_against_a_quota_of_messages()
    {
        Unpack("schema1.zip");
        await using var store = SqliteMailStore.Open(_folder.Path);
        var account = await SqliteTestAccount.OpenAsync(store, "user1@example.org");
        var before = (await account.Reads.SnapshotAsync(CancellationToken.None)).Messages;
        Assert.That(before, Is.Positive);
        await account.CommitAsync(new SetQuota(null, before + 1));
        await account.AppendAsync([1]);
        await using var content = await SqliteTestAccount.StageAsync(store, [2]);
        Assert.That((await account.CommitAsync(account.Append(content))).Error, Is.EqualTo(CommitError.OverQuota));
        Assert.That((await account.InboxInfoAsync()).Acl, Is.Empty);
        Assert.That(await account.Reads.ReadMetadataAsync(account.Inbox, CancellationToken.None), Is.Empty);
    }

    private static List<int> ReadVersions(SqliteMailStore store) => store.Read(static db =>
    {
        using var row = db.Use(new("SELECT version FROM schema_version ORDER BY version"));
        var versions = new List<int>();
        while (row.Step())
        {
            versions.Add((int)row.Int64(0));
        }

        return versions;
    });

    private void Unpack(string name)
    {
        using var stream = typeof(SqliteMigrationTests).Assembly.GetManifestResourceStream(name)!;
        using var archive = new ZipArchive(stream);
        archive.ExtractToDirectory(_folder.Path);
    }
}
