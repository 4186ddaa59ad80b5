using System.Buffers;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>Messages out of the store as files have them.</summary>
internal static class MessageLines
{
    private const int ChunkSize = 32 * 1024;

    /// <summary>Writes a message, with LF for CRLF when every line end in it is CRLF; otherwise as it is.</summary>
    public static async Task CopyAsync(MessageContent message, Stream file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var converts = await HasOnlyCrLfAsync(message, buffer, cancellationToken);
            var owesReturn = false;
            long offset = 0;
            for (int count; (count = await message.ReadAsync(offset, buffer, cancellationToken)) > 0; offset += count)
            {
                owesReturn = converts ? Strip(buffer.AsSpan(0, count), file, owesReturn) : WriteAll(buffer.AsSpan(0, count), file);
            }

            if (owesReturn)
            {
                file.WriteByte((byte)'\r');
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<bool> HasOnlyCrLfAsync(MessageContent message, byte[] buffer, CancellationToken cancellationToken)
    {
        byte last = 0;
        long offset = 0;
        for (int count; (count = await message.ReadAsync(offset, buffer, cancellationToken)) > 0; offset += count)
        {
            var rest = buffer.AsSpan(0, count);
            for (int at; (at = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(at + 1)..])
            {
                if ((at == 0 ? last : rest[at - 1]) != (byte)'\r')
                {
                    return false;
                }

                last = (byte)'\n';
            }

            last = buffer[count - 1];
        }

        return true;
    }

    // A CR at the end of a piece belongs to the next one.
    private static bool Strip(ReadOnlySpan<byte> piece, Stream file, bool owesReturn)
    {
        if (owesReturn && piece[0] != (byte)'\n')
        {
            file.WriteByte((byte)'\r');
        }

        var endsInReturn = piece[^1] == (byte)'\r';
        if (endsInReturn)
        {
            piece = piece[..^1];
        }

        for (int at; (at = piece.IndexOf("\r\n"u8)) >= 0; piece = piece[(at + 1)..])
        {
            file.Write(piece[..at]);
        }

        file.Write(piece);
        return endsInReturn;
    }

    private static bool WriteAll(ReadOnlySpan<byte> piece, Stream file)
    {
        file.Write(piece);
        return false;
    }
}
