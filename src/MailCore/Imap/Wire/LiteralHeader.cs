using System.Buffers.Text;

namespace MailCore.Imap.Wire;

/// <summary>The "{n}" or "{n+}" that ends a line before a literal, or "~{n}" before a literal8 (RFC 3516), which is treated alike.</summary>
/// <param name="Start">Where it begins, from the line's end.</param>
/// <param name="Size">Octets announced.</param>
/// <param name="Synchronizing">The client waits for leave.</param>
internal readonly record struct LiteralHeader(int Start, uint Size, bool Synchronizing)
{
    /// <summary>Room for '{', more digits than a number has, '+' and '}'.</summary>
    private const int MaxLength = 24;

    /// <summary>
    /// Looks at a line's last octets. <paramref name="isMalformed"/>: a client that believes this announces a non-synchronising
    /// literal sends octets of which nobody knows the number.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> lineEnd, out LiteralHeader header, out bool isMalformed)
    {
        header = default;
        isMalformed = false;
        if (lineEnd.IsEmpty || lineEnd[^1] != '}')
        {
            return false;
        }

        lineEnd = lineEnd.Length > MaxLength ? lineEnd[^MaxLength..] : lineEnd;
        var open = lineEnd.LastIndexOf((byte)'{');
        var inner = open < 0 ? lineEnd[..^1] : lineEnd[(open + 1)..^1];
        var synchronizing = inner.IsEmpty || inner[^1] != '+';
        var digits = synchronizing ? inner : inner[..^1];
        if (open >= 0 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(digits, out uint size, out var read) && read == digits.Length)
        {
            var isBinary = open > 0 && lineEnd[open - 1] == '~';
            header = new LiteralHeader(lineEnd.Length - open + (isBinary ? 1 : 0), size, synchronizing);
            return true;
        }

        isMalformed = !synchronizing && open >= 0;
        return false;
    }
}
