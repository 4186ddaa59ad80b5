namespace MailCore.Storage.Sqlite;

/// <summary>
/// The store's folder or database can't be opened, or failed. The message names the folder or the failure, and what to do where
/// something can be done.
/// </summary>
public sealed class SqliteStoreException : IOException
{
    /// <summary>Makes an exception without a result code.</summary>
    public SqliteStoreException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    internal SqliteStoreException(string message, int resultCode)
        : base(message) => ResultCode = resultCode;

    /// <summary>SQLite's extended result code, or 0 when the failure was not SQLite's.</summary>
    public int ResultCode { get; }
}
