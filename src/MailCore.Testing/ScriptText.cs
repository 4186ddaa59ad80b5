using System.Globalization;
using System.Text;

namespace MailCore.Testing;

/// <summary>Octets written as text: UTF-8 with the escapes of docs/testing.md.</summary>
internal static class ScriptText
{
    /// <param name="text">With escapes.</param>
    /// <param name="isContinued">It ended in <c>\c</c>: no line end belongs behind it.</param>
    public static byte[] Unescape(string text, out bool isContinued)
    {
        isContinued = false;
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                var width = char.IsSurrogatePair(text, i) ? 2 : 1;
                octets.AddRange(Encoding.UTF8.GetBytes(text, i, width));
                i += width - 1;
                continue;
            }

            i++;
            switch (i < text.Length ? text[i] : '\0')
            {
                case 'r':
                    octets.Add((byte)'\r');
                    break;
                case 'n':
                    octets.Add((byte)'\n');
                    break;
                case '0':
                    octets.Add(0);
                    break;
                case 't':
                    octets.Add((byte)'\t');
                    break;
                case 's':
                    octets.Add((byte)' ');
                    break;
                case '\\' or '}' or '$':
                    octets.Add((byte)text[i]);
                    break;
                case 'c' when i == text.Length - 1:
                    isContinued = true;
                    break;
                case 'x' when i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet):
                    octets.Add(octet);
                    i += 2;
                    break;
                default:
                    throw new FormatException($"No known escape at \"{text[(i - 1)..]}\".");
            }
        }

        return [.. octets];
    }

    /// <summary>Octets for people to read: what is not printable ASCII or well-formed UTF-8 is escaped.</summary>
    public static string Show(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        while (!octets.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(octets, out var rune, out var consumed);
            if (status != System.Buffers.OperationStatus.Done || Rune.IsControl(rune))
            {
                foreach (var octet in octets[..consumed])
                {
                    text.Append(octet switch
                    {
                        (byte)'\r' => "\\r",
                        (byte)'\n' => "\\n",
                        (byte)'\t' => "\\t",
                        0 => "\\0",
                        _ => $"\\x{octet:x2}",
                    });
                }
            }
            else
            {
                text.Append(rune == new Rune('\\') ? "\\\\" : rune.ToString());
            }

            octets = octets[consumed..];
        }

        return text.ToString();
    }
}
