using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Storage.Sqlite.Database;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

public sealed class SqliteStoreFolderTests
{
    private SqliteTestFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new SqliteTestFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Opening_makes_the_folder_and_its_parents()
    {
        var path = Path.Combine(_folder.Path, "a", "b");
        await using var store = SqliteMailStore.Open(path);

        Assert.That(File.Exists(Path.Combine(path, "mail.db")));
    }

    [Test]
    public async Task Nobody_else_can_read_the_mail()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows has no file modes.");
            return;
        }

        await using var store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { InlineContentLimit = 1024 });
        await (await SqliteTestAccount.OpenAsync(store)).AppendAsync(SqliteTestAccount.Octets(5000));

        foreach (var name in new[] { "mail.db", "mail.db-wal", "messages" })
        {
            var mode = File.GetUnixFileMode(Path.Combine(_folder.Path, name));
            Assert.That(mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute), Is.EqualTo(UnixFileMode.None), name);
        }
    }

    [Test]
    public void A_file_in_the_folder_s_place_is_told()
    {
        var file = Path.Combine(_folder.Path, "mail.box");
        File.WriteAllText(file, "");

        Assert.That(() => SqliteMailStore.Open(file), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("is a file. Choose a folder"));
    }

    [Test]
    public async Task A_second_opener_is_refused_and_told_why()
    {
        await using var store = SqliteMailStore.Open(_folder.Path);

        Assert.That(
            () => SqliteMailStore.Open(_folder.Path),
            Throws.TypeOf<SqliteStoreException>().With.Message.Contains(_folder.Path).And.Message.Contains("in use"));
    }

    [Test]
    public async Task A_closed_folder_can_be_opened_again()
    {
        await SqliteMailStore.Open(_folder.Path).DisposeAsync();
        await using var store = SqliteMailStore.Open(_folder.Path);

        Assert.That(store.Folder, Is.EqualTo(_folder.Path));
    }

    [Test]
    public async Task A_failed_opening_leaves_the_folder_unlocked()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "mail.db"), new string('x', 8192));
        Assert.That(() => SqliteMailStore.Open(_folder.Path), Throws.TypeOf<SqliteStoreException>());
        File.Delete(Path.Combine(_folder.Path, "mail.db"));

        await using var store = SqliteMailStore.Open(_folder.Path);
        Assert.That(store.Traits.HasFlag(StoreTraits.Durable));
    }

    [Test]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await SqliteMailStore.Open(_folder.Path).DisposeAsync();
        Alter("INSERT INTO schema_version(version, applied) VALUES (99, 0)");
        var before = await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "mail.db"));

        Assert.That(() => SqliteMailStore.Open(_folder.Path), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("newer").And.Message.Contains("99"));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "mail.db")), Is.EqualTo(before));
    }

    [Test]
    public void A_database_of_something_else_is_refused()
    {
        Alter("CREATE TABLE theirs (x)");

        Assert.That(() => SqliteMailStore.Open(_folder.Path), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("not a mail store"));
    }

    [Test]
    public async Task A_folder_that_cannot_be_written_is_named_with_what_to_do()
    {
        var path = Path.Combine(_folder.Path, "file");
        await File.WriteAllTextAsync(path, "");

        Assert.That(
            () => SqliteMailStore.Open(Path.Combine(path, "data")),
            Throws.TypeOf<SqliteStoreException>().With.Message.Contains(Path.Combine(path, "data")).And.Message.Contains("another folder"));
    }

    [Test]
    public async Task Commits_are_flushed_in_full()
    {
        await using var store = SqliteMailStore.Open(_folder.Path);
        var settings = await store.WriteAsync(
            static db => (db.QueryText("PRAGMA journal_mode"), db.QueryText("PRAGMA synchronous")), CancellationToken.None);

        Assert.That(settings, Is.EqualTo(("wal", "2")));
    }

    [Test]
    public void Options_out_of_range_say_what_is_allowed()
    {
        var options = new SqliteStoreOptions { ExpungedRetention = TimeSpan.FromMinutes(34) };

        Assert.That(() => SqliteMailStore.Open(_folder.Path, options), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("35 minutes"));
    }

    [Test]
    public async Task A_disposed_store_says_so()
    {
        var store = SqliteMailStore.Open(_folder.Path);
        var account = await SqliteTestAccount.OpenAsync(store);
        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.That(async () => await account.Reads.SnapshotAsync(CancellationToken.None), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(async () => await account.CommitAsync(new Subscribe("a", true)), Throws.TypeOf<ObjectDisposedException>());
    }

    private void Alter(string sql)
    {
        SQLitePCL.Batteries_V2.Init();
        using var db = StoreConnection.OpenWriter(Path.Combine(_folder.Path, "mail.db"));
        db.Execute(sql);
    }
}
