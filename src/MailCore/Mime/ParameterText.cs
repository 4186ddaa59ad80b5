using System.Text;

namespace MailCore.Mime;

/// <summary>Parameters as text.</summary>
internal static class ParameterText
{
    /// <summary>The extended form of a parameter is preferred to the plain one (RFC 6266 4.3 says the same of HTTP).</summary>
    public static string? Find(IReadOnlyList<MimeParameter> parameters, string name)
    {
        string? plain = null;
        foreach (var parameter in parameters)
        {
            var found = parameter.Name.Span;
            if (found.Length == name.Length + 1 && found[^1] == '*' && Ascii.EqualsIgnoreCase(found[..^1], name))
                return DecodeExtended(parameter.Value.Span);

            if (plain is null && Ascii.EqualsIgnoreCase(found, name))
                plain = EncodedWords.Decode(parameter.Value.Span);
        }

        return plain;
    }

    /// <summary>charset "'" language "'" percent-encoded octets (RFC 2231 4).</summary>
    private static string DecodeExtended(ReadOnlySpan<byte> value)
    {
        var charset = default(ReadOnlySpan<byte>);
        var first = value.IndexOf((byte)'\'');
        var second = first < 0 ? -1 : value[(first + 1)..].IndexOf((byte)'\'');
        if (second >= 0)
        {
            charset = value[..first];
            value = value[(first + second + 2)..];
        }

        var octets = default(PooledBytes);
        PercentDecode(value, ref octets);
        var text = EncodedWords.OnOneLine(MimeCharset.Decode(octets.Span, charset));
        octets.Release();
        return text;
    }

    public static void PercentDecode(ReadOnlySpan<byte> value, ref PooledBytes into)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '%' && i + 2 < value.Length && EncodedWords.TryHex(value.Slice(i + 1, 2), out var octet))
            {
                into.Append(octet);
                i += 2;
            }
            else
            {
                into.Append(value[i]);
            }
        }
    }
}
