using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>Something that SQLite does in no transaction but its own, such as VACUUM: it shares its turn with nobody.</summary>
internal sealed class LoneWork(Action<StoreConnection> action) : WriteWork<bool>
{
    public override bool IsAlone => true;

    protected override bool Result => true;

    public override void Run(StoreConnection db) => action(db);
}
