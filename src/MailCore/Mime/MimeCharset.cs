using System.Text;

namespace MailCore.Mime;

/// <summary>Charsets by their MIME names (RFC 2978), those of old mail included.</summary>
public static class MimeCharset
{
    private const int MaxName = 40;

    /// <summary>UTF-8, or what is not UTF-8 as ISO-8859-1.</summary>
    private static readonly Encoding Undeclared =
        Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new Latin1DecoderFallback());

    /// <summary>
    /// The encoding of a charset, or null when it is not known (SEARCH answers NO [BADCHARSET]). Names have no case. UTF-7 is not
    /// known, on purpose: it smuggles markup past filters.
    /// </summary>
    public static Encoding? Find(ReadOnlySpan<byte> name)
    {
        name = name.Trim(" \t\""u8);
        if (Is(name, "utf-8"u8) || Is(name, "utf8"u8))
            return Encoding.UTF8;

        if (Is(name, "us-ascii"u8) || Is(name, "ascii"u8) || Is(name, "ansi_x3.4-1968"u8) || Is(name, "646"u8))
            return Encoding.ASCII;

        if (Is(name, "iso-8859-1"u8) || Is(name, "latin1"u8) || Is(name, "iso8859-1"u8) || Is(name, "iso_8859-1"u8) || Is(name, "l1"u8))
            return Encoding.Latin1;

        if (name.IsEmpty || name.Length > MaxName || !Ascii.IsValid(name))
            return null;

        return Wide(name) ?? FromCodePages(name);
    }

    /// <summary>
    /// Octets of a named charset as text. Without a charset, or with one that is not known or does not fit (8-bit octets called
    /// us-ascii), they are UTF-8 and each octet that is not valid UTF-8 a character of ISO-8859-1.
    /// </summary>
    public static string Decode(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> charset) => OrUndeclared(Find(charset)).GetString(octets);

    /// <summary>The encoding that <see cref="Decode"/> uses where the name says <paramref name="named"/>: us-ascii is said of everything.</summary>
    internal static Encoding OrUndeclared(Encoding? named) => named is null || named == Encoding.ASCII ? Undeclared : named;

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);

    private static Encoding? Wide(ReadOnlySpan<byte> name) =>
        Is(name, "utf-16"u8) || Is(name, "utf-16be"u8) ? Encoding.BigEndianUnicode
        : Is(name, "utf-16le"u8) ? Encoding.Unicode
        : Is(name, "utf-32"u8) || Is(name, "utf-32le"u8) ? Encoding.UTF32
        : null;

    // Asked directly, not registered: a library must not change what the host's Encoding.GetEncoding answers.
    private static Encoding? FromCodePages(ReadOnlySpan<byte> name)
    {
        var text = Encoding.ASCII.GetString(name).ToLowerInvariant();
        if (text.StartsWith("cp", StringComparison.Ordinal) && int.TryParse(text.AsSpan(2), out var page))
            return CodePagesEncodingProvider.Instance.GetEncoding(page);

        return CodePagesEncodingProvider.Instance.GetEncoding(text switch
        {
            "iso8859-15" or "latin9" or "latin-9" => "iso-8859-15",
            "gbk" or "x-gbk" or "gb_2312-80" => "gb2312",
            "sjis" or "x-sjis" or "shift-jis" or "ms_kanji" => "shift_jis",
            "eucjp" or "x-euc-jp" => "euc-jp",
            "euckr" or "ks_c_5601-1987" or "ks_c_5601" => "euc-kr",
            "big5-hkscs" or "big-5" => "big5",
            _ => text,
        });
    }
}
