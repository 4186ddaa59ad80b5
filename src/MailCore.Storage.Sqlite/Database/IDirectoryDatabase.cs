namespace MailCore.Storage.Sqlite.Database;

/// <summary>Where a directory is read and changed: the open store, or its folder from outside.</summary>
internal interface IDirectoryDatabase
{
    /// <summary>Runs a read that ends before this returns.</summary>
    T Read<T>(Func<StoreConnection, T> read);

    /// <summary>Runs a change that is durable when this completes; it may be run more than once, and must not throw for its own reasons.</summary>
    Task<T> WriteAsync<T>(Func<StoreConnection, T> write, CancellationToken cancellationToken);
}
