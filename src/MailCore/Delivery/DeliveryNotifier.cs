using System.Buffers;
using System.Security.Cryptography;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Makes delivery status notifications (RFC 3461 5 and 6, RFC 3464, RFC 6533). Pure: it reads the message, and sends nothing.</summary>
internal static class DeliveryNotifier
{
    private const int ChunkSize = 32 * 1024;

    /// <summary>
    /// The notification of a report, or null when nobody is to be told: the sender does not want it, or is the null path. It reads
    /// <paramref name="message"/> now for its header, and later for as much of it as it returns. <paramref name="queueId"/> is the notification's own.
    /// </summary>
    public static async ValueTask<DeliveryNotification?> MakeAsync(
        DeliveryReport report, MessageContent message, string queueId, NotificationOptions options, DateTimeOffset now)
    {
        var isDouble = report.Envelope.From.IsNull;
        var wanted = report.Events.Where(one => IsWanted(report.Envelope, one) && (!isDouble || one.Action == RecipientAction.Failed)).ToList();
        if (wanted.Count == 0 || (report.Envelope.From.Address ?? options.DoubleBouncesTo) is not { } to)
        {
            return null;
        }

        var isWhole = ReturnsWhole(report.Envelope, wanted, message.Length, options);
        var header = await ReadHeaderAsync(message, options.MaxReturnedHeader).ConfigureAwait(false);
        var returned = isWhole ? message.Length : header.Length;
        var isEightBit = await IsEightBitAsync(message, returned).ConfigureAwait(false);
        // RFC 6533 6: who sent with SMTPUTF8 reads UTF-8.
        var isGlobal = report.Envelope.SmtpUtf8 || to.IsInternationalized;
        var text = new NotificationText(report, wanted)
        {
            To = to,
            QueueId = queueId,
            Now = now,
            IsGlobal = isGlobal,
            IsDouble = isDouble,
            Boundary = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)),
            Original = header,
        };
        var envelope = new Envelope(ReversePath.Null)
        {
            SmtpUtf8 = isGlobal,
            RequireTls = report.Envelope.RequireTls,
            Body = isEightBit || isGlobal ? BodyType.EightBitMime : BodyType.SevenBit,
        };
        // What fails on its way to the postmaster ends there.
        envelope.Recipients.Add(new Recipient(to) { Notify = isDouble ? ReportEvents.Never : ReportEvents.Unspecified });
        return new DeliveryNotification(envelope, new MessageContent(text.Head(isWhole, isEightBit), new ReturnedContent(message, returned, text.Tail())));
    }

    /// <summary>RFC 3461 4.1 and 5.2; without NOTIFY failures and delays are told.</summary>
    private static bool IsWanted(Envelope envelope, RecipientEvent one) => one.Action switch
    {
        _ when one.Recipient.Notify == ReportEvents.Never => false,
        RecipientAction.Failed => one.Recipient.Notify == ReportEvents.Unspecified || one.Recipient.Notify.HasFlag(ReportEvents.Failure),
        RecipientAction.Delayed => one.Recipient.Notify == ReportEvents.Unspecified || one.Recipient.Notify.HasFlag(ReportEvents.Delay),
        // RFC 2852 4.1.4.2: a trace asks for these whatever NOTIFY says, but for NEVER.
        RecipientAction.Relayed when envelope.DeliverBy is { IsTraced: true } => true,
        _ => one.Recipient.Notify.HasFlag(ReportEvents.Success),
    };

    /// <summary>
    /// RFC 3461 4.3: RET is about failures. What is no lines of text can't stand in a part that is. RFC 8689 5: what had to be hidden
    /// does not come back in the open.
    /// </summary>
    private static bool ReturnsWhole(Envelope envelope, List<RecipientEvent> events, long length, NotificationOptions options) =>
        envelope.Return == ReportContent.Full && envelope.Body != BodyType.BinaryMime && !envelope.RequireTls && length <= options.MaxReturnedMessage
        && events.Exists(static one => one.Action == RecipientAction.Failed);

    /// <summary>Up to and without the empty line; whole lines only.</summary>
    private static async ValueTask<ReadOnlyMemory<byte>> ReadHeaderAsync(MessageContent message, int limit)
    {
        var octets = new byte[(int)Math.Min(limit, message.Length)];
        var count = 0;
        while (count < octets.Length)
        {
            var read = await message.ReadAsync(count, octets.AsMemory(count, Math.Min(ChunkSize, octets.Length - count))).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            count += read;
            if (octets.AsSpan(0, count).StartsWith("\r\n"u8))
            {
                return default;
            }

            var end = octets.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return octets.AsMemory(0, end + 2);
            }
        }

        return octets.AsMemory(0, octets.AsSpan(0, count).LastIndexOf("\r\n"u8) is var last and >= 0 ? last + 2 : 0);
    }

    private static async ValueTask<bool> IsEightBitAsync(MessageContent message, long length)
    {
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (var offset = 0L; offset < length;)
            {
                var count = await message.ReadAsync(offset, chunk.AsMemory(0, (int)Math.Min(ChunkSize, length - offset))).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new EndOfStreamException("The store holds fewer octets than it announced.");
                }

                if (!System.Text.Ascii.IsValid(chunk.AsSpan(0, count)))
                {
                    return true;
                }

                offset += count;
            }

            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
