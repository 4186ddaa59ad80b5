using System.Buffers;
using MailCore.Mime;

namespace MailCore.Storage;

/// <summary>Takes a piece of text. False ends the reading.</summary>
/// <param name="text">Valid during the call.</param>
/// <param name="begins">Whether this is the first piece of its part or header: no text goes on from one to the next.</param>
public delegate bool MessageTextHandler(ReadOnlySpan<char> text, bool begins);

/// <summary>
/// A message's text as people read it, which is what SEARCH TEXT and BODY look at: headers unfolded and decoded, text parts with transfer
/// encoding and charset removed. Engines and the indexes of stores (<see cref="IMessageSearch"/>) read the same.
/// </summary>
public static class MessageText
{
    private const int ChunkSize = 16 * 1024;

    /// <summary>A header block, a line for each field.</summary>
    public static string OfHeader(ReadOnlySpan<byte> block) => HeaderText.Of(block);

    /// <summary>
    /// Writes the text in the form in which it is compared, by i;unicode-casemap (RFC 5051): a text holds another when it does so in this
    /// form, to the letter. A text prepared in pieces that split no surrogate pair comes out as it does as a whole. The form is that of
    /// Unicode 14 whatever the machine has; when it changes, the changelog says so, and what was prepared before is to be made anew.
    /// </summary>
    public static void Prepare(ReadOnlySpan<char> text, IBufferWriter<char> prepared)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        UnicodeCasemap.Prepare(text, prepared);
    }

    /// <summary>
    /// Reads all text behind the message's own header: text parts, in pieces, and the headers of parts and of messages within the
    /// message. A part is never held as a whole.
    /// </summary>
    /// <param name="message">The octets.</param>
    /// <param name="prefixLength">How many of them stand before those that the summary speaks of.</param>
    /// <param name="summary">Of the octets behind the prefix.</param>
    /// <param name="handler">Takes the text.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask ReadBodyAsync(MessageContent message, int prefixLength, MessageSummary summary, MessageTextHandler handler, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentNullException.ThrowIfNull(handler);

        // A loop with a stack of its own: the depth is the sender's choice.
        var parts = new Stack<MimePart>([summary.Root]);
        var goesOn = true;
        while (goesOn && parts.TryPop(out var part))
        {
            if (!ReferenceEquals(part, summary.Root))
            {
                goesOn = handler(OfHeader((await ReadHeaderAsync(message, prefixLength + part.HeaderOffset, part.HeaderLength, cancellationToken)).Span), begins: true);
            }

            if (part.NestedRoot is { } nested)
            {
                parts.Push(nested);
            }
            else if (goesOn && part.IsText)
            {
                goesOn = await ReadPartAsync(message, prefixLength + part.BodyOffset, part, handler, cancellationToken);
            }

            for (var i = part.Children.Count - 1; i >= 0; i--)
            {
                parts.Push(part.Children[i]);
            }
        }
    }

    // Bounded by MimeLimits.HeaderOctets.
    private static async ValueTask<ReadOnlyMemory<byte>> ReadHeaderAsync(MessageContent message, long offset, long length, CancellationToken cancellationToken)
    {
        var block = new byte[length];
        var filled = 0;
        while (filled < block.Length && await message.ReadAsync(offset + filled, block.AsMemory(filled), cancellationToken) is > 0 and var count)
        {
            filled += count;
        }

        return block.AsMemory(0, filled);
    }

    private static async ValueTask<bool> ReadPartAsync(MessageContent message, long offset, MimePart part, MessageTextHandler handler, CancellationToken cancellationToken)
    {
        using var decoder = new PartTextDecoder(part);
        using var text = new PooledWriter<char>();
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var begins = true;
            for (var left = part.BodyLength; left > 0; begins = false)
            {
                var count = await message.ReadAsync(offset, chunk.AsMemory(0, (int)Math.Min(left, ChunkSize)), cancellationToken);
                if (count == 0)
                {
                    break;
                }

                offset += count;
                left -= count;
                decoder.Decode(chunk.AsSpan(0, count), last: left == 0, text);
                if (!handler(text.WrittenSpan, begins))
                {
                    return false;
                }

                text.Clear();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        return true;
    }
}
