using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Storage.InMemory;

/// <summary>Reads a pipe to its end into pooled chunks; the last, partial one is kept in an array of its own size.</summary>
internal static class MemoryStaging
{
    /// <summary>Below the large object heap's threshold.</summary>
    public const int ChunkSize = 64 * 1024;

    public static async ValueTask<(byte[][] Chunks, long Length)> ReadAsync(PipeReader bytes, CancellationToken cancellationToken)
    {
        var full = new List<byte[]>();
        var partial = ArrayPool<byte>.Shared.Rent(ChunkSize);
        var used = 0;
        try
        {
            while (true)
            {
                var result = await bytes.ReadAsync(cancellationToken);
                foreach (var memory in result.Buffer)
                {
                    for (var left = memory.Span; !left.IsEmpty;)
                    {
                        var count = Math.Min(left.Length, ChunkSize - used);
                        left[..count].CopyTo(partial.AsSpan(used));
                        left = left[count..];
                        used += count;
                        if (used == ChunkSize)
                        {
                            full.Add(partial);
                            partial = ArrayPool<byte>.Shared.Rent(ChunkSize);
                            used = 0;
                        }
                    }
                }

                bytes.AdvanceTo(result.Buffer.End);
                if (result.IsCanceled)
                {
                    throw new OperationCanceledException("The reader was cancelled.");
                }

                if (result.IsCompleted)
                {
                    break;
                }
            }

            var length = ((long)full.Count * ChunkSize) + used;
            if (used > 0)
            {
                full.Add(partial.AsSpan(0, used).ToArray());
            }

            return ([.. full], length);
        }
        catch
        {
            full.ForEach(Return);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(partial);
        }
    }

    public static void Return(byte[] chunk)
    {
        if (chunk.Length == ChunkSize)
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
