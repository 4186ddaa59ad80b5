using System.Collections.Frozen;
using System.Text;
using MailCore.Authentication;

namespace MailCore.Imap.Sorting;

/// <summary>
/// Text in the form in which its octets are compared by i;unicode-casemap (RFC 5051): UTF-8 of its characters in title case, decomposed
/// as Unicode 3.2 has it. "é" stands with "e", and "²" is "2".
/// </summary>
internal static class Caseless
{
    private static readonly FrozenDictionary<int, int[]> Decompositions = PreparationTables.Instance.Decompositions;

    /// <summary>Writes as much as there is room for, whole characters only; gives back the octets written.</summary>
    public static int Write(ReadOnlySpan<char> text, Span<byte> into)
    {
        if (text.Length <= into.Length && Ascii.ToUpper(text, into, out var plain) == System.Buffers.OperationStatus.Done)
        {
            return plain;
        }

        var written = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var title = ToTitle(rune);
            if (!title.IsAscii && Decompositions.TryGetValue(title.Value, out var parts))
            {
                foreach (var part in parts)
                {
                    if (!TryWrite(new Rune(part), into, ref written))
                    {
                        return written;
                    }
                }
            }
            else if (!TryWrite(title, into, ref written))
            {
                return written;
            }
        }

        return written;
    }

    private static bool TryWrite(Rune rune, Span<byte> into, ref int written)
    {
        var fits = rune.TryEncodeToUtf8(into[written..], out var count);
        written += count;
        return fits;
    }

    /// <summary>The simple title case of Unicode, where it is another than the upper case as well.</summary>
    private static Rune ToTitle(Rune rune) => rune.Value switch
    {
        < 0x80 => Rune.ToUpperInvariant(rune),
        0x131 => new Rune('I'),
        0x17F => new Rune('S'),
        >= 0x1C4 and <= 0x1C6 => new Rune(0x1C5),
        >= 0x1C7 and <= 0x1C9 => new Rune(0x1C8),
        >= 0x1CA and <= 0x1CC => new Rune(0x1CB),
        >= 0x1F1 and <= 0x1F3 => new Rune(0x1F2),
        // Georgian has no title case.
        >= 0x10D0 and <= 0x10FF => rune,
        _ => Rune.ToUpperInvariant(rune),
    };
}
