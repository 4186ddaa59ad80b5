using System.Runtime.InteropServices;
using SQLitePCL;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// What is called for each column of each row, on the statement's own address: by way of its safe handle a call costs several times
/// what it does. For statements that are in use, which somebody keeps.
/// </summary>
internal static partial class NativeStatement
{
    private const string Library = "e_sqlite3";

    /// <summary>Whether the library below is the one that prepares the statements; a host can set another.</summary>
    public static bool IsUsable { get; } = raw.GetNativeLibraryName() == Library;

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static partial int Step(nint statement);

    // These return at once and call nobody back.
    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    public static partial long Int64(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    public static partial int Type(nint statement, int column);

    /// <summary>Valid until the next step.</summary>
    public static unsafe ReadOnlySpan<byte> Blob(nint statement, int column)
    {
        var start = Octets(statement, column);
        return new ReadOnlySpan<byte>((void*)start, Length(statement, column));
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    private static partial nint Octets(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    private static partial int Length(nint statement, int column);
}
