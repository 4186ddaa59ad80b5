using System.Text;

namespace MailCore.InteropTests.Tools;

/// <summary>A folder that clients deliver into.</summary>
internal static class Maildir
{
    public static void Create(string folder)
    {
        foreach (var part in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(Path.Combine(folder, part));
    }

    /// <summary>The new messages in the order of their Subject fields, with CRLF line ends.</summary>
    public static List<byte[]> Read(string folder) => [.. Directory.GetFiles(Path.Combine(folder, "new"))
        .Select(static file => Encoding.UTF8.GetString(File.ReadAllBytes(file)).ReplaceLineEndings("\r\n"))
        .OrderBy(static text => text.Split("Subject: ")[1].Split("\r\n")[0].PadLeft(80), StringComparer.Ordinal)
        .Select(Encoding.UTF8.GetBytes)];
}
