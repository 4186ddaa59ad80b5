using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Storage.Sqlite.Database;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>Databases of earlier versions, as those versions left them.</summary>
public sealed class SqliteMigrationTests
{
    private const string Version1Rows = """
        PRAGMA application_id = 1298940783;
        INSERT INTO store(one, tag, next_object, next_number, settled) VALUES (1, 'aaaaaaaa', 100, 10, 1);
        INSERT INTO schema_version(version, applied) VALUES (1, 1700000000);
        INSERT INTO account(id, name, modseq, oldest_kept, structure_modseq, last_uid_validity, quota_used, quota_limit) VALUES (1, 'anna', 5, 0, 1, 1700000000, 30, 1000);
        INSERT INTO mailbox(account, id, uid_validity, uid_next, recent_from, highest_modseq, info_modseq, messages, unseen, deleted, bytes, name, special_use, keywords)
            VALUES (1, 2, 1700000000, 3, 1, 5, 1, 2, 2, 0, 20, 'INBOX', NULL, ''), (1, 3, 1700000001, 2, 1, 4, 1, 1, 1, 0, 10, 'Work', NULL, 'a');
        """;

    private SqliteTestFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new SqliteTestFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_store_of_version_1_gets_metadata_lists_and_a_count_of_messages()
    {
        SQLitePCL.Batteries_V2.Init();
        using (var db = StoreConnection.OpenWriter(Path.Combine(_folder.Path, SqliteMailStore.DatabaseName)))
        {
            db.Execute(SchemaVersion1.Text);
            db.Execute(Version1Rows);
        }

        await using var store = SqliteMailStore.Open(_folder.Path);
        var anna = await SqliteTestAccount.OpenAsync(store);
        var snapshot = await anna.Reads.SnapshotAsync(CancellationToken.None);
        Assert.That(snapshot.AsOf, Is.EqualTo(new ModSeq(5)));
        Assert.That(snapshot.Mailboxes.Select(static info => (info.Name, info.Messages, info.Acl.Count)), Is.EqualTo([("INBOX", 2L, 0), ("Work", 1L, 0)]));
        Assert.That((snapshot.QuotaLimit, snapshot.MessageLimit), Is.EqualTo((1000L, (long?)null)));

        // Three were there already.
        await anna.CommitAsync(new SetQuota(null, 4), new SetMetadata(anna.Inbox, "/private/comment", [1]));
        await anna.AppendAsync([1]);
        await using var content = await SqliteTestAccount.StageAsync(store, [2]);
        Assert.That((await anna.CommitAsync(anna.Append(content))).Error, Is.EqualTo(CommitError.OverQuota));
        Assert.That((await anna.Reads.ReadMetadataAsync(anna.Inbox, CancellationToken.None)).Select(static entry => entry.Entry), Is.EqualTo(["/private/comment"]));
    }
}
