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
        using var text = new PooledWriter<char>();
        Write(block, text);
        return new string(text.WrittenSpan);
    }

    /// <inheritdoc cref="Of(ReadOnlySpan{byte})"/>
    public static void Write(ReadOnlySpan<byte> block, IBufferWriter<char> into)
    {
        foreach (var field in new HeaderReader(block))
        {
            if (!field.Name.IsEmpty)
            {
                into.Advance(Encoding.Latin1.GetChars(field.Name, into.GetSpan(field.Name.Length)));
                into.Write(": ");
            }

            Write(field, into);
            into.Write("\n");
        }
    }

    private static void Write(HeaderField field, IBufferWriter<char> into)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(field.RawValue.Length);
        try
        {
            var value = buffer.AsSpan(0, field.Unfold(buffer));
            if (Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0 && !value.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
            {
                Ascii.ToUtf16(value, into.GetSpan(value.Length), out var written);
                into.Advance(written);
            }
            else
            {
                into.Write(EncodedWords.Decode(value));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
