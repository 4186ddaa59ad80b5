using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Imap.Search;
using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>SEARCH TEXT for the host's own code.</summary>
public static class MessageTextSearch
{
    /// <summary>
    /// Whether each text is somewhere in the message, its header included, compared as SEARCH does. False also for a message that is
    /// gone. Reads the whole message at the worst, a piece at a time; <see cref="Mailbox.FindCandidatesAsync"/> tells which may hold a
    /// text, where the store has an index.
    /// </summary>
    /// <param name="mailbox">Where it is.</param>
    /// <param name="row">Read with <see cref="MessageFields.Content"/> and <see cref="MessageFields.Summary"/>.</param>
    /// <param name="texts">What to look for.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<bool> HoldsAllAsync(Mailbox mailbox, MessageRow row, IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(texts);
        await using var message = new StoredMessage(mailbox, row);
        if (!await message.SummarizeAsync(cancellationToken) || !await message.OpenAsync(cancellationToken))
        {
            return false;
        }

        // Bounded by MimeLimits.HeaderOctets and the prefix.
        var range = new MessageRange(0, message.PrefixLength + message.Summary.Root.HeaderLength);
        var block = ArrayPool<byte>.Shared.Rent((int)range.Length);
        try
        {
            var length = await message.Content.ReadFullyAsync(range, block, cancellationToken);
            var search = new TextSearch([.. texts.Select(static text => (text, true))]);
            return !(await search.FindAsync(message, block.AsMemory(0, length), cancellationToken)).Contains(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
