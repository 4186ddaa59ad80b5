using System.Text;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Flags as the names of Maildir files have them, behind ":2,". Lower-case letters are keywords, by the mailbox's dovecot-keywords file:
/// lines of an index and a name.
/// </summary>
internal sealed class MaildirFlags
{
    public const string KeywordFile = "dovecot-keywords";

    private const string Info = ":2,";
    private const string Forwarded = "$Forwarded";
    private const int Letters = 26;

    private static readonly (char Letter, SystemFlags Flag)[] System =
    [
        ('D', SystemFlags.Draft), ('F', SystemFlags.Flagged), ('R', SystemFlags.Answered), ('S', SystemFlags.Seen), ('T', SystemFlags.Deleted),
    ];

    private readonly string?[] _keywords = new string?[Letters];

    /// <summary>Names in the file that can't be keywords.</summary>
    public List<string> Refused { get; } = [];

    public static MaildirFlags Read(string folder)
    {
        var flags = new MaildirFlags();
        var path = Path.Combine(folder, KeywordFile);
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            var cut = line.IndexOf(' ', StringComparison.Ordinal);
            if (cut > 0 && int.TryParse(line.AsSpan(0, cut), out var index) && index is >= 0 and < Letters)
            {
                var name = line[(cut + 1)..];
                if (ImportedMessage.IsKeyword(name))
                {
                    flags._keywords[index] = name;
                }
                else
                {
                    flags.Refused.Add(name);
                }
            }
        }

        return flags;
    }

    /// <summary>The part of a file's name that stays when flags change.</summary>
    public static string BaseName(string file) => file.IndexOf(':', StringComparison.Ordinal) is >= 0 and var cut ? file[..cut] : file;

    public (SystemFlags Flags, List<string> Keywords) Parse(string file)
    {
        var (flags, keywords) = (SystemFlags.None, new List<string>());
        var cut = file.IndexOf(Info, StringComparison.Ordinal);
        foreach (var letter in cut < 0 ? "" : file[(cut + Info.Length)..])
        {
            if (letter is >= 'a' and <= 'z')
            {
                if (_keywords[letter - 'a'] is { } name)
                {
                    keywords.Add(name);
                }
            }
            else if (letter == 'P')
            {
                keywords.Add(Forwarded);
            }
            else
            {
                flags |= System.FirstOrDefault(pair => pair.Letter == letter).Flag;
            }
        }

        return (flags, keywords);
    }

    /// <summary>What stands behind a base name; keywords beyond the 26 letters are named in <paramref name="lost"/>.</summary>
    public string Format(SystemFlags flags, IEnumerable<string> keywords, ISet<string> lost)
    {
        var letters = new List<char>(System.Where(pair => (flags & pair.Flag) != 0).Select(static pair => pair.Letter));
        foreach (var keyword in keywords)
        {
            if (keyword.Equals(Forwarded, StringComparison.OrdinalIgnoreCase))
            {
                letters.Add('P');
            }
            else if (LetterOf(keyword) is { } letter)
            {
                letters.Add(letter);
            }
            else
            {
                lost.Add(keyword);
            }
        }

        // In ASCII order, as everybody writes them.
        letters.Sort();
        return Info + string.Concat(letters);
    }

    public void Write(string folder)
    {
        var text = new StringBuilder();
        foreach (var (index, name) in _keywords.Index().Where(static pair => pair.Item is not null))
        {
            text.Append(index).Append(' ').Append(name).Append('\n');
        }

        if (text.Length > 0)
        {
            File.WriteAllText(Path.Combine(folder, KeywordFile), text.ToString());
        }
    }

    private char? LetterOf(string keyword)
    {
        var index = Array.FindIndex(_keywords, known => keyword.Equals(known, StringComparison.OrdinalIgnoreCase));
        if (index < 0 && (index = Array.IndexOf(_keywords, null)) >= 0)
        {
            _keywords[index] = keyword;
        }

        return index < 0 ? null : (char)('a' + index);
    }
}
