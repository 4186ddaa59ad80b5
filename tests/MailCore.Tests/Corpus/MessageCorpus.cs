using System.Text;

namespace MailCore.Tests.Corpus;

/// <summary>
/// Messages that every path through the server is tried with. Small ones are the .eml files of tests/corpus; long ones are made
/// here, always the same.
/// </summary>
public static class MessageCorpus
{
    private const string LongHead = "From: alice@example.org\r\nTo: bob@example.net\r\nSubject: ";

    /// <summary>Everything of moderate size (a few MB at most).</summary>
    public static IEnumerable<CorpusMessage> All => Files.Concat(Generated);

    /// <summary>The .eml files, in the order of their names.</summary>
    public static IEnumerable<CorpusMessage> Files =>
        Directory.EnumerateFiles(Folder, "*.eml").Order(StringComparer.Ordinal)
            .Select(path => new CorpusMessage(Path.GetFileNameWithoutExtension(path), new FileInfo(path).Length, () => File.OpenRead(path)));

    /// <summary>Messages too long or too regular to be kept as files.</summary>
    public static IEnumerable<CorpusMessage> Generated =>
    [
        LongBodyLine(100_000),
        LongHeaderLine(100_000),
        Made("generated-lines-of-998", LongHead + "the longest lines SMTP allows\r\n\r\n", new string('x', 998) + "\r\n", 50, ""),
        Made("generated-1mb-attachment", AttachmentHead, Base64Line, 13_500, AttachmentTail),
        Made("generated-1000-parts", LongHead + "many parts\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n", "--m\r\n\r\npart\r\n", 1_000, "--m--\r\n"),
        Nested(60),
    ];

    /// <summary>The folder of the .eml files in the source tree.</summary>
    public static string Folder { get; } = FindFolder();

    private static string AttachmentHead => LongHead + "a large attachment\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=large\r\n\r\n"
        + "--large\r\nContent-Type: text/plain\r\n\r\nIt is large.\r\n"
        + "--large\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n";

    private static string AttachmentTail => "--large--\r\n";

    private static string Base64Line => Convert.ToBase64String(Enumerable.Range(0, 57).Select(i => (byte)(i * 37)).ToArray()) + "\r\n";

    public static CorpusMessage Get(string name) =>
        Files.FirstOrDefault(message => message.Name == name) ?? throw new ArgumentException($"There is no message '{name}'.", nameof(name));

    /// <summary>A multipart of 50 MB with one attachment; only to be streamed.</summary>
    public static CorpusMessage Large() => Attachment(50L * 1024 * 1024);

    /// <summary>A multipart of about <paramref name="octets"/> octets, nearly all of them one base64 attachment.</summary>
    public static CorpusMessage Attachment(long octets) =>
        Made($"generated-attachment-{octets}", AttachmentHead, Base64Line, octets / Base64Line.Length, AttachmentTail);

    /// <summary>A message whose body is one line of <paramref name="octets"/> octets.</summary>
    public static CorpusMessage LongBodyLine(long octets) =>
        Made($"generated-body-line-{octets}", LongHead + "one long line\r\n\r\n", "x", octets, "\r\nend\r\n");

    /// <summary>A message whose Subject is one unfolded line of <paramref name="octets"/> octets.</summary>
    public static CorpusMessage LongHeaderLine(long octets) =>
        Made($"generated-header-line-{octets}", LongHead, "s", octets, "\r\nX-After: seen\r\n\r\nbody\r\n");

    /// <summary>Multiparts in each other, <paramref name="depth"/> of them, with a text at the bottom.</summary>
    public static CorpusMessage Nested(int depth)
    {
        var text = new StringBuilder(LongHead).Append("deep\r\n");
        for (var level = 1; level <= depth; level++)
            text.Append($"Content-Type: multipart/mixed; boundary=n{level}.\r\n\r\n--n{level}.\r\n");

        text.Append("\r\nbottom\r\n");
        for (var level = depth; level >= 1; level--)
            text.Append($"--n{level}.--\r\n");

        return Made($"generated-nested-{depth}", text.ToString(), "", 0, "");
    }

    /// <summary>A message made of a head, a block repeated, and a tail.</summary>
    public static CorpusMessage Made(string name, string head, string block, long repeats, string tail)
    {
        byte[] first = Encoding.UTF8.GetBytes(head), middle = Encoding.UTF8.GetBytes(block), last = Encoding.UTF8.GetBytes(tail);
        return new CorpusMessage(name, first.Length + middle.Length * repeats + last.Length, () => new PatternStream(first, middle, repeats, last));
    }

    private static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var corpus = Path.Combine(folder.FullName, "tests", "corpus");
            if (File.Exists(Path.Combine(folder.FullName, "MailCore.sln")) && Directory.Exists(corpus))
                return corpus;
        }

        throw new DirectoryNotFoundException("tests/corpus was not found above the test's folder.");
    }
}
