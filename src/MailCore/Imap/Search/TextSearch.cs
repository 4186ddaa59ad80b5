using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Mime;

namespace MailCore.Imap.Search;

/// <summary>
/// Looks for texts in messages as people read them: in text parts with their encodings removed, and in the headers of parts and of
/// messages within the message. A body is read in pieces and never held.
/// </summary>
internal sealed class TextSearch(IReadOnlyList<(string Text, bool InHeader)> texts)
{
    private const int ChunkSize = 16 * 1024;

    private readonly int _overlap = texts.Count == 0 ? 0 : texts.Max(static text => text.Text.Length) - 1;
    private bool[] _found = [];

    private bool FoundAll => !_found.Contains(false);

    /// <summary>Which of the texts the message holds.</summary>
    public async ValueTask<bool[]> FindAsync(StoredMessage message, ReadOnlyMemory<byte> header, CancellationToken cancellationToken)
    {
        _found = [.. texts.Select(static text => text.Text.Length == 0)];
        if (texts.Any(static text => text.InHeader))
        {
            Look(HeaderText.Of(header.Span), isOuterHeader: true);
        }

        // A loop with a stack of its own: the depth is the sender's choice.
        var parts = new Stack<MimePart>([message.Summary.Root]);
        while (!FoundAll && parts.TryPop(out var part))
        {
            if (!ReferenceEquals(part, message.Summary.Root))
            {
                await LookInHeaderAsync(message, part, cancellationToken);
            }

            if (part.NestedRoot is { } nested)
            {
                parts.Push(nested);
            }
            else if (part.IsText)
            {
                await LookInBodyAsync(message, part, cancellationToken);
            }

            for (var i = part.Children.Count - 1; i >= 0; i--)
            {
                parts.Push(part.Children[i]);
            }
        }

        return _found;
    }

    private async ValueTask LookInHeaderAsync(StoredMessage message, MimePart part, CancellationToken cancellationToken)
    {
        var range = new MessageRange(message.PrefixLength + part.HeaderOffset, part.HeaderLength);
        var block = ArrayPool<byte>.Shared.Rent((int)range.Length);
        try
        {
            var length = await message.Content.ReadFullyAsync(range, block, cancellationToken);
            Look(HeaderText.Of(block.AsSpan(0, length)), isOuterHeader: false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private async ValueTask LookInBodyAsync(StoredMessage message, MimePart part, CancellationToken cancellationToken)
    {
        var decoder = new PartTextDecoder(part);
        var text = new ArrayBufferWriter<char>(ChunkSize);
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var offset = message.PrefixLength + part.BodyOffset;
            for (var left = part.BodyLength; left > 0 && !FoundAll;)
            {
                var count = await message.Content.ReadAsync(offset, chunk.AsMemory(0, (int)Math.Min(left, ChunkSize)), cancellationToken);
                if (count == 0)
                {
                    break;
                }

                offset += count;
                left -= count;
                decoder.Decode(chunk.AsSpan(0, count), last: left == 0, text);
                Look(text.WrittenSpan, isOuterHeader: false);
                KeepEnd(text);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    // A text may lie across two pieces.
    private void KeepEnd(ArrayBufferWriter<char> text)
    {
        var end = text.WrittenSpan[^Math.Min(_overlap, text.WrittenCount)..].ToArray();
        text.ResetWrittenCount();
        text.Write(end);
    }

    private void Look(ReadOnlySpan<char> text, bool isOuterHeader)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            if (!_found[i] && (!isOuterHeader || texts[i].InHeader))
            {
                _found[i] = text.Contains(texts[i].Text, StringComparison.OrdinalIgnoreCase);
            }
        }
    }
}
