using System.Buffers;
using System.Text;

namespace MailCore.Messaging;

/// <summary>
/// Changes to a message's header, collected by filters and made once, in the order they were asked for. Names compare without
/// case. Not thread-safe.
/// </summary>
/// <remarks>
/// Values are text: anything beyond ASCII is written as encoded words (RFC 2047), and white space is where a long line is folded.
/// A CR or LF is taken only where it already folds, so that no value can begin another field.
/// </remarks>
public sealed class HeaderEdits
{
    // RFC 5322 2.1.1, and what RFC 2047 2 leaves for text in one word of UTF-8 and base64.
    private const int LineOctets = 78;
    private const int MaxLineOctets = 998;
    private const int WordOctets = 42;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create([.. Enumerable.Range(33, 94).Where(static c => c != ':').Select(static c => (char)c)]);

    private readonly List<HeaderEdit> _edits = [];

    /// <summary>Nothing was asked for.</summary>
    public bool IsEmpty => _edits.Count == 0;

    internal IReadOnlyList<HeaderEdit> All => _edits;

    /// <summary>Puts a field on top of the header, above those that are there.</summary>
    /// <exception cref="ArgumentException">The name is no field name, or the value can't be written.</exception>
    public void Add(string name, string value) => _edits.Add(new HeaderEdit(HeaderEditKind.Add, name, Field(name, value)));

    /// <summary>Writes the value where the first field of this name stands and takes all others away; without one, as <see cref="Add"/>.</summary>
    /// <exception cref="ArgumentException">The name is no field name, or the value can't be written.</exception>
    public void Replace(string name, string value) => _edits.Add(new HeaderEdit(HeaderEditKind.Replace, name, Field(name, value)));

    /// <summary>Takes every field of this name away.</summary>
    /// <exception cref="ArgumentException">The name is no field name.</exception>
    public void Remove(string name)
    {
        CheckName(name);
        _edits.Add(new HeaderEdit(HeaderEditKind.Remove, name, []));
    }

    internal void Clear() => _edits.Clear();

    /// <summary>A whole field with its CRLF.</summary>
    internal static byte[] Field(string name, string value)
    {
        CheckName(name);
        ArgumentNullException.ThrowIfNull(value);
        var text = value.Trim();
        CheckValue(text);
        var field = new StringBuilder(name).Append(':');
        var line = field.Length;
        foreach (var word in Ascii.IsValid(text) ? text.Split(' ') : Encode(text))
        {
            if (line > name.Length + 1 && line + 1 + word.Length > LineOctets)
            {
                field.Append("\r\n");
                line = 0;
            }

            field.Append(' ').Append(word);
            var end = word.LastIndexOf('\n');
            line = end < 0 ? line + 1 + word.Length : word.Length - end - 1;
        }

        var written = field.Append("\r\n").ToString();
        if (written.Split("\r\n").Any(static part => part.Length > MaxLineOctets))
        {
            throw new ArgumentException($"A line of the field '{name}' has more than {MaxLineOctets} octets and no white space to fold it at.", nameof(value));
        }

        return Encoding.ASCII.GetBytes(written);
    }

    private static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Length > LineOctets || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            throw new ArgumentException("Not a field name (RFC 5322 3.6.8).", nameof(name));
        }
    }

    private static void CheckValue(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var isFold = text[i] == '\r' && i + 2 < text.Length && text[i + 1] == '\n' && text[i + 2] is ' ' or '\t';
            if (isFold)
            {
                i += 2;
            }
            else if (char.IsControl(text[i]) && text[i] != '\t')
            {
                throw new ArgumentException("A value holds no controls but a tab, and CRLF only before white space.", nameof(text));
            }
        }
    }

    private static IEnumerable<string> Encode(string text)
    {
        var word = new List<byte>(WordOctets);
        var octets = new byte[4];
        foreach (var rune in text.Replace("\r\n", "", StringComparison.Ordinal).EnumerateRunes())
        {
            var count = rune.EncodeToUtf8(octets);
            if (word.Count + count > WordOctets)
            {
                yield return Word(word);
                word.Clear();
            }

            word.AddRange(octets.AsSpan(0, count));
        }

        yield return Word(word);
    }

    private static string Word(List<byte> octets) => $"=?utf-8?B?{Convert.ToBase64String([.. octets])}?=";
}

internal enum HeaderEditKind
{
    Add,
    Replace,
    Remove,
}

/// <param name="Kind">What to do.</param>
/// <param name="Name">With which fields.</param>
/// <param name="Field">The new field as it will stand; empty when there is none.</param>
internal sealed record HeaderEdit(HeaderEditKind Kind, string Name, byte[] Field);
