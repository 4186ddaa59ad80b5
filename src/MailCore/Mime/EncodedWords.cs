using System.Text;

namespace MailCore.Mime;

/// <summary>Text of unstructured header values (RFC 2047).</summary>
public static class EncodedWords
{
    private const int MaxCharset = 60;

    /// <summary>
    /// The value as text: encoded words are decoded, adjacent ones joined, those that are broken or of an unknown charset stay as
    /// they stand. Octets outside encoded words are UTF-8 or, where they are not, ISO-8859-1. CR, LF and NUL become spaces.
    /// </summary>
    public static string Decode(ReadOnlySpan<byte> value)
    {
        if (value.IndexOf("=?"u8) < 0)
            return OnOneLine(Plain(value));

        var text = new StringBuilder(value.Length);
        var word = default(PooledBytes);
        Decode(value, text, ref word);
        word.Release();
        return OnOneLine(text.ToString());
    }

    private static void Decode(ReadOnlySpan<byte> value, StringBuilder text, ref PooledBytes word)
    {
        Encoding? charset = null;
        while (true)
        {
            var start = value.IndexOf("=?"u8);
            if (start < 0)
                break;

            if (!TryWord(value[start..], out var found))
            {
                Flush(ref charset, ref word, text);
                text.Append(Plain(value[..(start + 2)]));
                value = value[(start + 2)..];
                continue;
            }

            // RFC 2047 6.2: white space between two encoded words is not shown. A character may be split between them all the same.
            var between = value[..start];
            if (charset is null || !between.Trim(" \t\r\n"u8).IsEmpty)
            {
                Flush(ref charset, ref word, text);
                text.Append(Plain(between));
            }
            else if (!charset.Equals(found.Charset))
            {
                Flush(ref charset, ref word, text);
            }

            charset = found.Charset;
            Append(found, value.Slice(start + found.TextStart, found.TextLength), ref word);
            value = value[(start + found.Length)..];
        }

        Flush(ref charset, ref word, text);
        text.Append(Plain(value));
    }

    /// <summary>"=?" charset ["*" language] "?" encoding "?" text "?=" at the start of <paramref name="value"/>.</summary>
    private static bool TryWord(ReadOnlySpan<byte> value, out Word word)
    {
        word = default;
        var name = value[2..Math.Min(value.Length, 2 + MaxCharset)];
        var mark = name.IndexOf((byte)'?');
        if (mark <= 0 || value.Length < mark + 7 || value[mark + 4] != '?')
            return false;

        name = name[..mark];
        var language = name.IndexOf((byte)'*');
        var encoding = value[mark + 3] | 0x20;
        var charset = encoding is 'b' or 'q' ? MimeCharset.Find(language < 0 ? name : name[..language]) : null;
        if (charset is null)
            return false;

        var end = encoding == 'b' ? Base64End(value[(mark + 5)..]) : QEnd(value[(mark + 5)..]);
        if (end < 0)
            return false;

        word = new Word(charset, encoding == 'b', mark + 5, end);
        return true;
    }

    // Both ends are found without looking past what the caller then skips, so that a value of nothing but beginnings takes linear time.
    private static int Base64End(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAnyExcept(ContentDecoder.Base64Characters);
        return end >= 0 && text[end..].StartsWith("?="u8) ? end : -1;
    }

    /// <summary>A question mark that is not encoded is let pass; the beginning of another word is not.</summary>
    private static int QEnd(ReadOnlySpan<byte> text)
    {
        for (var end = 0; end < text.Length; end++)
        {
            var mark = text[end..].IndexOf((byte)'?');
            if (mark < 0)
                return -1;

            end += mark;
            if (text[end..].StartsWith("?="u8))
                return end;

            if (end > 0 && text[end - 1] == '=')
                return -1;
        }

        return -1;
    }

    private static void Append(Word word, ReadOnlySpan<byte> text, ref PooledBytes into)
    {
        if (word.IsBase64)
        {
            ContentDecoder.Base64(text, ref into);
            return;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var octet = text[i];
            if (octet == '=' && i + 2 < text.Length && TryHex(text.Slice(i + 1, 2), out var value))
            {
                into.Append(value);
                i += 2;
            }
            else
            {
                into.Append(octet == '_' ? (byte)' ' : octet);
            }
        }
    }

    internal static bool TryHex(ReadOnlySpan<byte> two, out byte value)
    {
        int high = Hex(two[0]), low = Hex(two[1]);
        value = (byte)((high << 4) | low);
        return high >= 0 && low >= 0;
    }

    internal static int Hex(byte octet) => octet switch
    {
        >= (byte)'0' and <= (byte)'9' => octet - '0',
        >= (byte)'A' and <= (byte)'F' => octet - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => octet - 'a' + 10,
        _ => -1,
    };

    private static void Flush(ref Encoding? charset, ref PooledBytes word, StringBuilder text)
    {
        if (charset is not null)
            text.Append(MimeCharset.OrUndeclared(charset).GetString(word.Span));

        charset = null;
        word.Truncate(0);
    }

    private static string Plain(ReadOnlySpan<byte> octets) => MimeCharset.Decode(octets, default);

    /// <summary>Without characters that could break out of a header or a log line.</summary>
    internal static string OnOneLine(string text) =>
        text.AsSpan().ContainsAny('\r', '\n', '\0') ? text.Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' ') : text;

    private readonly record struct Word(Encoding Charset, bool IsBase64, int TextStart, int TextLength)
    {
        public int Length => TextStart + TextLength + 2;
    }
}
