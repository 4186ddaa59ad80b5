using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>Text in the form in which its octets are compared by i;unicode-casemap (RFC 5051): that of <see cref="UnicodeCasemap"/>, in UTF-8.</summary>
internal static class Caseless
{
    /// <summary>Writes as much as there is room for, whole characters only; gives back the octets written.</summary>
    public static int Write(ReadOnlySpan<char> text, Span<byte> into)
    {
        if (text.Length <= into.Length && Ascii.ToUpper(text, into, out var plain) == System.Buffers.OperationStatus.Done)
        {
            return plain;
        }

        Span<char> prepared = stackalloc char[UnicodeCasemap.Longest];
        var written = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            foreach (var part in prepared[..UnicodeCasemap.Prepare(rune, prepared)].EnumerateRunes())
            {
                if (!part.TryEncodeToUtf8(into[written..], out var count))
                {
                    return written;
                }

                written += count;
            }
        }

        return written;
    }
}
