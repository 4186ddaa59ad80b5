using MailCore.Hosting;

namespace MailServerSample;

/// <summary>The folder that mail, accounts and the generated certificate are kept in.</summary>
internal sealed class DataFolder
{
    private DataFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Makes the folder where it is missing, readable by its owner alone, and tries to write into it.</summary>
    public static DataFolder Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(full);
            }
            else
            {
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            var probe = System.IO.Path.Combine(full, $".probe-{Environment.ProcessId}");
            System.IO.File.WriteAllBytes(probe, []);
            System.IO.File.Delete(probe);
            return new DataFolder(full);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MailServerConfigurationException([
                $"The data folder '{full}' can't be written: {error.Message} Let user '{Environment.UserName}' write there, or choose another folder with Mail:DataFolder."]);
        }
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file that only its owner may read, whole or not at all.</summary>
    public void WriteSecret(string name, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = File(name + ".new");
        System.IO.File.Delete(temporary);
        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(text);
        }

        System.IO.File.Move(temporary, File(name), overwrite: true);
    }
}
