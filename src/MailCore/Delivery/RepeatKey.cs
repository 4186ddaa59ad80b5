using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;

namespace MailCore.Delivery;

/// <summary>
/// A DeliveryKey that a sender's repeat has again. Where several mailboxes share one reply, a single one that fails for now makes
/// the sender repeat the whole message under another queue id; those who have it must not get it twice.
/// </summary>
/// <remarks>
/// The key is a hash of sender and content. Only messages that carry a Message-ID have one: two of those with the same octets are the
/// same message, while two without may well be two, such as lines of a cron job. <see cref="AwaitedRepeats"/> tells those apart.
/// </remarks>
internal static class RepeatKey
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Null for a message without a Message-ID of its sender's.</summary>
    public static async ValueTask<string?> FindAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        return HasMessageId(message) ? await HashAsync(transaction, message, cancellationToken).ConfigureAwait(false) : null;
    }

    public static bool HasMessageId(InboundMessage message) => MessageSummary.TryDecode(message.Summary, out var summary) && summary.Envelope.MessageId is { IsEmpty: false };

    /// <summary>Of sender and content.</summary>
    public static async ValueTask<string> HashAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(transaction.Envelope.From.ToString()));
        hash.AppendData("\0"u8);
        var reader = await message.Content.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferSize, Math.Max(1, reader.Length)));
            try
            {
                int count;
                for (long offset = 0; (count = await reader.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false)) > 0; offset += count)
                {
                    hash.AppendData(buffer, 0, count);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
