namespace MailCore.Storage.Sqlite.Database;

/// <summary>Keeps a second process, or a second store in this one, out of a folder. The system lets go of it when the process ends.</summary>
internal sealed class FolderLock : IDisposable
{
    public const string FileName = "lock";

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    public static FolderLock Take(string folder)
    {
        if (File.Exists(folder))
        {
            throw new SqliteStoreException($"The mail folder '{folder}' is a file. Choose a folder; it is made where there is none.");
        }

        try
        {
            FileSync.MakeFolder(folder);
            return new FolderLock(new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (Exception e) when (IsLocked(e))
        {
            throw new SqliteStoreException($"The mail folder '{folder}' is in use: one process at a time can open it. Stop the other one, or choose another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }
    }

    public static SqliteStoreException Unwritable(string folder, Exception cause) =>
        new($"The mail folder '{folder}' can't be written: {cause.Message} Let the user that runs this process own the folder, or choose another folder.", cause);

    public void Dispose() => _file.Dispose();

    private static bool IsLocked(Exception e)
    {
        // ERROR_SHARING_VIOLATION; on Unix the runtime passes EWOULDBLOCK of flock on.
        const int SharingViolation = unchecked((int)0x80070020);
        const int WouldBlockLinux = 11;
        const int WouldBlockBsd = 35;
        return e is IOException && (OperatingSystem.IsWindows() ? e.HResult == SharingViolation : e.HResult is WouldBlockLinux or WouldBlockBsd);
    }
}
