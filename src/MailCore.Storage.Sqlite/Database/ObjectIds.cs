namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// Gives out the ids of contents and messages: ascending, and never the same one again, not even after a crash. Ids are taken
/// before anything is committed, so the database holds a bound that is raised in steps, in the transaction that needs it raised.
/// </summary>
internal sealed class ObjectIds
{
    private const long Step = 65_536;

    private static readonly Sql SelectBound = new("SELECT next_object FROM store");
    private static readonly Sql RaiseBound = new("UPDATE store SET next_object = ?1");

    private long _next;
    private long _bound;
    private long _raised;

    public ObjectIds(StoreConnection db) => _next = _bound = _raised = db.Use(SelectBound).Scalar() ?? 1;

    /// <summary>The id that the next call gives out.</summary>
    public long Next => Volatile.Read(ref _next);

    public long Take() => Interlocked.Increment(ref _next) - 1;

    /// <summary>By the writer, last in each transaction.</summary>
    public void Cover(StoreConnection db)
    {
        if (Next is var next && next > _bound)
        {
            _raised = next + Step;
            db.Use(RaiseBound).With(_raised).Run();
        }
    }

    /// <summary>By the writer, after the commit.</summary>
    public void Covered() => _bound = _raised;

    /// <summary>By the writer, after a rollback.</summary>
    public void NotCovered() => _raised = _bound;
}
