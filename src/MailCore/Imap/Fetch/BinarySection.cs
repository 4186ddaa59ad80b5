using System.Buffers;
using MailCore.Imap.Wire;
using MailCore.Mime;

namespace MailCore.Imap.Fetch;

/// <summary>
/// BINARY and BINARY.SIZE (RFC 3516): sections without their transfer encoding. A section is read twice, to measure and to send,
/// since a literal's size comes before its octets; neither time more than a piece of it is held.
/// </summary>
internal sealed class BinarySection(FetchItem item, StoredMessage message)
{
    private const int ChunkSize = 8 * 1024;

    /// <summary>Whether the section's encoding is known, or there is no such section.</summary>
    public bool CanDecode => ContentDecoder.Create(Encoding.Span) is not null;

    public async ValueTask WriteSizeAsync(ImapWriter writer, CancellationToken cancellationToken)
    {
        using var window = new DecodedWindow(0, long.MaxValue, writer: null);
        if (MessageRange.Locate(item, message) is { } range)
        {
            await DecodeAsync(range, window, static () => ValueTask.CompletedTask, cancellationToken);
        }

        writer.Raw(item.Label).Raw(" "u8).Number(window.Total);
    }

    public async ValueTask WriteAsync(ImapWriter writer, CancellationToken cancellationToken)
    {
        writer.Raw(item.Label).Raw(" "u8);
        if (MessageRange.Locate(item, message) is not { } range)
        {
            writer.Nil();
            return;
        }

        using var measured = new DecodedWindow(item.PartialStart, item.PartialLength ?? long.MaxValue, writer: null);
        await DecodeAsync(range, measured, static () => ValueTask.CompletedTask, cancellationToken);
        if (measured.Kept == 0)
        {
            writer.Raw("\"\""u8);
            return;
        }

        writer.Raw(measured.HasNul ? "~"u8 : ""u8).LiteralHeader(measured.Kept);
        using var sent = new DecodedWindow(item.PartialStart, measured.Kept, writer);
        await DecodeAsync(range, sent, () => writer.WantsFlush ? writer.FlushAsync(cancellationToken) : ValueTask.CompletedTask, cancellationToken);
        if (!sent.IsFull)
        {
            throw new EndOfStreamException("The store holds fewer octets than it announced.");
        }
    }

    // Only leaves have an encoding that says how their octets are to be read; RFC 2045 6.4 allows no other for the rest.
    private ReadOnlyMemory<byte> Encoding =>
        item.Part.Length > 0 && message.Summary.Root.Find(item.Part) is { IsMultipart: false, NestedRoot: null } leaf ? leaf.TransferEncoding : default;

    private async ValueTask DecodeAsync(
        MessageRange range, DecodedWindow window, Func<ValueTask> betweenChunks, CancellationToken cancellationToken)
    {
        var decoder = ContentDecoder.Create(Encoding.Span)!;
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (long done = 0; done < range.Length && !window.IsFull;)
            {
                var size = (int)Math.Min(ChunkSize, range.Length - done);
                var count = await message.Content.ReadAsync(range.Offset + done, chunk.AsMemory(0, size), cancellationToken);
                if (count == 0)
                {
                    break;
                }

                decoder.Decode(chunk.AsSpan(0, count), window);
                done += count;
                await betweenChunks();
            }

            decoder.Flush(window);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
