using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Fetch;

/// <summary>HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 3501 6.4.5).</summary>
internal static class HeaderFilter
{
    /// <summary>
    /// Moves the fields asked for, and the empty line that ends the block, to the block's beginning; returns how many octets they
    /// are.
    /// </summary>
    public static int Keep(Span<byte> block, IReadOnlyList<byte[]> names, bool keepsOthers)
    {
        var kept = 0;
        var end = 0;
        // Fields are moved only to where fields were read before.
        foreach (var field in new HeaderReader(block))
        {
            end = field.Offset + field.Raw.Length;
            if (IsNamed(field, names) != keepsOthers)
            {
                field.Raw.CopyTo(block[kept..]);
                kept += field.Raw.Length;
            }
        }

        var emptyLine = block[end..];
        emptyLine.CopyTo(block[kept..]);
        return kept + emptyLine.Length;
    }

    private static bool IsNamed(HeaderField field, IReadOnlyList<byte[]> names)
    {
        foreach (var name in names)
        {
            if (Ascii.EqualsIgnoreCase(field.Name, name))
            {
                return true;
            }
        }

        return false;
    }
}
