using MailCore.Storage.Sqlite.Content;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

internal sealed class ContentFolderTests
{
    /// <summary>The last file of a folder takes the folder with it, while another file is being made in it.</summary>
    [Test]
    public async Task Files_made_and_deleted_in_one_folder_at_once_never_miss_it()
    {
        using var folder = new SqliteTestFolder();
        var contents = new ContentFolder(folder.Path);
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var id = worker * 1000 + i;
                using (contents.Create(id))
                {
                    Assert.That(File.Exists(contents.PathOf(id)));
                }

                contents.Delete(id);
            }
        }));

        await Task.WhenAll(workers);
        Assert.That(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, ContentFolder.FolderName)), Is.Empty);
    }
}
