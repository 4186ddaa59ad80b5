using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>A store of its own for each test, in a folder that goes with it.</summary>
public abstract class SqliteStoreFixture
{
    private protected SqliteTestFolder Folder { get; private set; } = null!;

    private protected SqliteMailStore Store { get; set; } = null!;

    [SetUp]
    public void Open()
    {
        Folder = new SqliteTestFolder();
        Store = SqliteMailStore.Open(Folder.Path);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await Store.DisposeAsync();
        Folder.Dispose();
    }
}
