using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>
/// Texts ready to be compared, octet by octet, without regard to case. Of each at most <see cref="MaxOctets"/> count.
/// </summary>
internal static class TextKey
{
    /// <summary>What lies behind makes no difference.</summary>
    public const int MaxOctets = 512;

    private const int MaxPlain = 4 * MaxOctets;

    /// <summary>Writes a text as it stands in a header; gives back the octets written.</summary>
    public static int Write(ReadOnlySpan<byte> value, Span<byte> into) => Write(value, isSubject: false, into, out _);

    /// <summary>Writes what a subject is about; says whether it is that of a reply or a forwarded message.</summary>
    public static int WriteSubject(ReadOnlySpan<byte> subject, Span<byte> into, out bool isReply) => Write(subject, isSubject: true, into, out isReply);

    /// <summary>Writes text that is no header's.</summary>
    public static int WriteText(ReadOnlySpan<char> text, Span<byte> into) => Caseless.Write(text, into[..MaxOctets]);

    private static int Write(ReadOnlySpan<byte> value, bool isSubject, Span<byte> into, out bool isReply)
    {
        if (value.Length <= MaxPlain && Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0)
        {
            Span<char> characters = stackalloc char[value.Length];
            Ascii.ToUtf16(value, characters, out _);
            return Write(characters, isSubject, into, out isReply);
        }

        return Write(EncodedWords.Decode(value).ToCharArray(), isSubject, into, out isReply);
    }

    private static int Write(Span<char> text, bool isSubject, Span<byte> into, out bool isReply)
    {
        isReply = false;
        return WriteText(isSubject ? BaseSubject.Extract(text, out isReply) : text, into);
    }
}
