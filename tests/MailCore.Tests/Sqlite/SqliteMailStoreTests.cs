using System.Globalization;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Testing;
using MailCore.Testing.NUnit.Storage;
using MailCore.Testing.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SqliteMailStoreTests : MailStoreConformanceFixture
{
    protected override Task<IConformanceTarget> CreateAsync(ConformanceOptions options) => Task.FromResult<IConformanceTarget>(new SqliteTarget());
}

internal sealed class SqliteTarget : IConformanceTarget
{
    private readonly SqliteTestFolder _folder = new();
    private SqliteMailStore _store;

    public SqliteTarget() => _store = Open();

    public IMailStore Store => _store;

    public ManualTimeProvider Clock { get; } = new();

    public async ValueTask<bool> ReopenAsync()
    {
        await _store.DisposeAsync();
        _store = Open();
        return true;
    }

    public async ValueTask<int?> CountContentsAsync()
    {
        await _store.MaintainAsync();
        var ids = new HashSet<long>(_store.Stage.LiveIds());
        _store.Read(db =>
        {
            using var row = db.Use(new("SELECT id FROM content"));
            while (row.Step())
            {
                ids.Add(row.Int64(0));
            }

            return true;
        });
        ids.UnionWith(_folder.MessageFiles().Select(static file => long.Parse(Path.GetFileName(file), NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        return ids.Count;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    private SqliteMailStore Open() => SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { TimeProvider = Clock });
}
