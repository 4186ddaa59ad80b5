using System.Buffers;
using System.IO.Compression;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// i;unicode-casemap (RFC 5051): two texts are the same to it when they are the same prepared, that is with each character in title case
/// and decomposed. "é" is "E" with an accent then, "²" is "2", and "ß" stays what it is. The data is UnicodeCasemap.bin, which
/// UnicodeCasemap.py makes: it does not depend on the machine, so that what was prepared and kept stays comparable.
/// </summary>
internal static class UnicodeCasemap
{
    /// <summary>Characters that one may become (U+FDFA).</summary>
    public const int Longest = 18;

    /// <summary>Characters of ASCII in a row that are worth being looked for together.</summary>
    private const int PlainRun = 16;

    private const int HangulFirst = 0xAC00;
    private const int HangulLast = 0xD7A3;
    private const int HangulVowels = 21;
    private const int HangulTrailers = 28;

    private static readonly Lazy<Table> Loaded = new(static () => new Table());

    /// <summary>Writes the text prepared. A half of a surrogate pair counts as U+FFFD.</summary>
    public static void Prepare(ReadOnlySpan<char> text, IBufferWriter<char> into)
    {
        while (!text.IsEmpty)
        {
            var room = into.GetSpan(text.Length + Longest);
            Ascii.ToUpper(text, room, out var plain);
            var (taken, written) = plain == text.Length ? (0, 0) : PrepareMixed(text[plain..], room[plain..]);
            into.Advance(plain + written);
            text = text[(plain + taken)..];
        }
    }

    /// <summary>One character prepared; gives back how many it has become, at most <see cref="Longest"/>.</summary>
    public static int Prepare(Rune rune, Span<char> into)
    {
        if (rune.Value is >= HangulFirst and <= HangulLast)
        {
            return Decompose(rune.Value - HangulFirst, into);
        }

        var prepared = Loaded.Value.Of(rune.Value);
        if (prepared.IsEmpty)
        {
            return (rune.IsAscii ? Rune.ToUpperInvariant(rune) : rune).EncodeToUtf16(into);
        }

        prepared.CopyTo(into);
        return prepared.Length;
    }

    // One by one, until there is a run of ASCII, which goes faster at once, or no room for the longest.
    private static (int Taken, int Written) PrepareMixed(ReadOnlySpan<char> text, Span<char> into)
    {
        var table = Loaded.Value;
        var (taken, written) = (0, 0);
        for (var plain = 0; taken < text.Length && plain < PlainRun && written + Longest <= into.Length;)
        {
            var unit = text[taken];
            if (char.IsAscii(unit))
            {
                into[written++] = char.IsAsciiLetterLower(unit) ? (char)(unit ^ 0x20) : unit;
                taken++;
                plain++;
            }
            else if (char.IsSurrogate(unit) || unit is >= (char)HangulFirst and <= (char)HangulLast)
            {
                plain = 0;
                Rune.DecodeFromUtf16(text[taken..], out var rune, out var units);
                written += Prepare(rune, into[written..]);
                taken += units;
            }
            else
            {
                plain = 0;
                written += table.Write(unit, into[written..]);
                taken++;
            }
        }

        return (taken, written);
    }

    // Unicode 3.12.
    private static int Decompose(int syllable, Span<char> into)
    {
        into[0] = (char)(0x1100 + (syllable / (HangulVowels * HangulTrailers)));
        into[1] = (char)(0x1161 + (syllable / HangulTrailers % HangulVowels));
        into[2] = (char)(0x11A7 + (syllable % HangulTrailers));
        return syllable % HangulTrailers == 0 ? 2 : 3;
    }

    private sealed class Table
    {
        private const int PageSize = 256;
        private const int LengthBits = 5;
        private const int LengthMask = (1 << LengthBits) - 1;

        // By the code point's upper bits; null where nothing changes. An entry is where in _text it stands, and its length.
        private readonly int[]?[] _pages = new int[]?[0x110000 / PageSize];
        private readonly char[] _text;

        public Table()
        {
            using var resource = typeof(UnicodeCasemap).Assembly.GetManifestResourceStream("MailCore.Mime.UnicodeCasemap.bin")!;
            using var numbers = new BinaryReader(new BufferedStream(new ZLibStream(resource, CompressionMode.Decompress)));
            var text = new List<char>();
            Span<char> units = stackalloc char[2];
            var point = 0;
            for (var left = numbers.Read7BitEncodedInt(); left > 0; left--)
            {
                point += numbers.Read7BitEncodedInt();
                var start = text.Count;
                for (var count = numbers.Read7BitEncodedInt(); count > 0; count--)
                {
                    var distance = numbers.Read7BitEncodedInt();
                    var rune = new Rune(point + ((distance & 1) == 0 ? distance / 2 : -(distance + 1) / 2));
                    text.AddRange(units[..rune.EncodeToUtf16(units)]);
                }

                (_pages[point / PageSize] ??= new int[PageSize])[point % PageSize] = (start << LengthBits) | (text.Count - start);
            }

            _text = [.. text];
        }

        /// <summary>Writes what a character of the basic plane becomes.</summary>
        public int Write(char unit, Span<char> into)
        {
            into[0] = unit;
            if (_pages[unit / PageSize]?[unit % PageSize] is not { } entry || entry == 0)
            {
                return 1;
            }

            into[0] = _text[entry >> LengthBits];
            var length = entry & LengthMask;
            for (var i = 1; i < length; i++)
            {
                into[i] = _text[(entry >> LengthBits) + i];
            }

            return length;
        }

        /// <summary>Empty where it stays as it is.</summary>
        public ReadOnlySpan<char> Of(int point)
        {
            if (_pages[point / PageSize] is not { } page)
            {
                return default;
            }

            var entry = page[point % PageSize];
            return _text.AsSpan(entry >> LengthBits, entry & LengthMask);
        }
    }
}
