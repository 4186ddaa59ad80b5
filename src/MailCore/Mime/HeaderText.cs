using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>Header fields as people read them.</summary>
internal static class HeaderText
{
    /// <summary>The value, unfolded and decoded.</summary>
    public static string Of(HeaderField field)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(field.RawValue.Length);
        try
        {
            return EncodedWords.Decode(buffer.AsSpan(0, field.Unfold(buffer)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A whole block, a line for each field.</summary>
    public static string Of(ReadOnlySpan<byte> block)
    {
        var text = new StringBuilder();
        foreach (var field in new HeaderReader(block))
        {
            if (!field.Name.IsEmpty)
            {
                text.Append(Encoding.Latin1.GetString(field.Name)).Append(": ");
            }

            text.Append(Of(field)).Append('\n');
        }

        return text.ToString();
    }
}
