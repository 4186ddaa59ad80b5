using System.Buffers;
using System.Globalization;
using System.Text;

namespace MailCore.Smtp.Wire;

/// <summary>The encoding of parameter values that may hold any octet (RFC 3461 4).</summary>
internal static class XText
{
    /// <summary>Decodes into text; false where a '+' is not followed by two capital hexadecimal digits, or the octets are not printable UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, out string text)
    {
        text = "";
        var octets = ArrayPool<byte>.Shared.Rent(encoded.Length);
        try
        {
            var count = 0;
            for (var i = 0; i < encoded.Length; i++)
            {
                var octet = encoded[i];
                if (octet == '=' || octet is < (byte)'!' or > (byte)'~')
                {
                    return false;
                }

                if (octet == '+')
                {
                    if (i + 2 >= encoded.Length || encoded.Slice(i + 1, 2).ContainsAnyInRange((byte)'a', (byte)'f')
                        || !byte.TryParse(encoded.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octet))
                    {
                        return false;
                    }

                    i += 2;
                }

                octets[count++] = octet;
            }

            if (!System.Text.Unicode.Utf8.IsValid(octets.AsSpan(0, count)))
            {
                return false;
            }

            text = Encoding.UTF8.GetString(octets.AsSpan(0, count));
            return !text.Any(char.IsControl);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(octets);
        }
    }

    /// <summary>Text as xtext, by the octets of its UTF-8.</summary>
    public static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (octet is > (byte)' ' and <= (byte)'~' and not ((byte)'+' or (byte)'='))
            {
                encoded.Append((char)octet);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"+{octet:X2}");
            }
        }

        return encoded.ToString();
    }

    /// <summary>An address of type utf-8 in ASCII alone, utf-8-addr-xtext of RFC 6533 3.</summary>
    public static string EncodeUnicode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is > ' ' and <= '~' and not ('+' or '=' or '\\'))
            {
                encoded.Append((char)rune.Value);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X2}}}");
            }
        }

        return encoded.ToString();
    }
}
