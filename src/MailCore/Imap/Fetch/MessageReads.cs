using MailCore.Storage;

namespace MailCore.Imap.Fetch;

/// <summary>Reads of whole ranges.</summary>
internal static class MessageReads
{
    /// <summary>Reads a range that fits the buffer; returns its length, or less where the store has less.</summary>
    public static async ValueTask<int> ReadFullyAsync(this MessageContent content, MessageRange range, Memory<byte> into, CancellationToken cancellationToken)
    {
        var length = 0;
        into = into[..(int)range.Length];
        while (length < into.Length)
        {
            var count = await content.ReadAsync(range.Offset + length, into[length..], cancellationToken);
            if (count == 0)
            {
                break;
            }

            length += count;
        }

        return length;
    }
}
