using System.Text;
using SQLitePCL;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// A prepared statement of one connection, in use by one caller at a time: bind in the order of the parameters, step, read,
/// dispose. Disposing gives it back to the connection's cache.
/// </summary>
internal sealed class Statement : IDisposable
{
    private const int StackLimit = 256;

    private readonly StoreConnection _connection;
    private readonly sqlite3_stmt _handle;

    // Zero where it can't be used.
    private readonly nint _address;
    private int _bound;
    private bool _inUse;

    internal Statement(StoreConnection connection, sqlite3_stmt handle)
    {
        (_connection, _handle) = (connection, handle);
        _address = NativeStatement.IsUsable ? handle.DangerousGetHandle() : 0;
    }

    internal Statement Start()
    {
        if (_inUse)
        {
            throw new InvalidOperationException("The statement is in use already.");
        }

        _inUse = true;
        _bound = 0;
        return this;
    }

    public Statement With(long value)
    {
        _connection.Check(raw.sqlite3_bind_int64(_handle, ++_bound, value));
        return this;
    }

    public Statement With(long? value) => value is { } given ? With(given) : WithNull();

    public Statement With(string? value)
    {
        if (value is null)
        {
            return WithNull();
        }

        // With its length: as a C string it would end at the first NUL, and two keys could become one.
        var length = Encoding.UTF8.GetByteCount(value);
        var utf8 = length <= StackLimit ? stackalloc byte[StackLimit] : new byte[length];
        Encoding.UTF8.GetBytes(value, utf8);
        _connection.Check(length == 0 ? raw.sqlite3_bind_text(_handle, ++_bound, "") : raw.sqlite3_bind_text(_handle, ++_bound, utf8[..length]));
        return this;
    }

    public Statement With(ReadOnlySpan<byte> value)
    {
        _bound++;
        _connection.Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, _bound, 0) : raw.sqlite3_bind_blob(_handle, _bound, value));
        return this;
    }

    public Statement WithNull()
    {
        _connection.Check(raw.sqlite3_bind_null(_handle, ++_bound));
        return this;
    }

    /// <summary>Whether there is a row.</summary>
    public bool Step()
    {
        var code = _address != 0 ? NativeStatement.Step(_address) : raw.sqlite3_step(_handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        if (code != raw.SQLITE_DONE)
        {
            _connection.Check(code);
        }

        return false;
    }

    /// <summary>For statements that answer nothing.</summary>
    public void Run()
    {
        try
        {
            Step();
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>The first column of the first row, or null when there is none or it is null.</summary>
    public long? Scalar()
    {
        try
        {
            return Step() && !IsNull(0) ? Int64(0) : null;
        }
        finally
        {
            Dispose();
        }
    }

    public long Int64(int column) => _address != 0 ? NativeStatement.Int64(_address, column) : raw.sqlite3_column_int64(_handle, column);

    public bool IsNull(int column) => TypeOf(column) == raw.SQLITE_NULL;

    public bool IsInteger(int column) => TypeOf(column) == raw.SQLITE_INTEGER;

    public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => _address != 0 ? NativeStatement.Blob(_address, column) : raw.sqlite3_column_blob(_handle, column);

    public void Dispose()
    {
        // Its code repeats that of the last step, which has been thrown already.
        _ = raw.sqlite3_reset(_handle);
        if (_bound > 0)
        {
            // Bound octets are copies that would otherwise be kept until the next use.
            _ = raw.sqlite3_clear_bindings(_handle);
        }

        _inUse = false;
    }

    private int TypeOf(int column) => _address != 0 ? NativeStatement.Type(_address, column) : raw.sqlite3_column_type(_handle, column);
}
