using System.Buffers;
using System.IO.Pipelines;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>Sends in process. Bcc is removed and a missing Date or Message-ID added, as a submission server does.</summary>
public sealed class MailSubmission : IMailSubmission
{
    private static readonly Func<ILogger, string, IDisposable?> Scope = LoggerMessage.DefineScope<string>("{QueueId}");

    private readonly IMessageRouter _router;
    private readonly IMessageDelivery _delivery;
    private readonly IMessageStaging _staging;
    private readonly TimeProvider _time;
    private readonly MailSessionInfo _session;

    /// <summary>Sends by these as <paramref name="serverName"/>, a domain name.</summary>
    public MailSubmission(IMessageRouter router, IMessageDelivery delivery, IMessageStaging staging, string serverName, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(delivery);
        ArgumentNullException.ThrowIfNull(staging);
        if (!EmailAddress.IsDomain(serverName))
        {
            throw new FormatException($"'{serverName}' is not a mail domain.");
        }

        (_router, _delivery, _staging, _time) = (router, delivery, staging, time ?? TimeProvider.System);
        _session = new MailSessionInfo { ConnectionId = "local", Protocol = "local", ServerName = serverName, IsLocal = true };
    }

    /// <summary>Whose scope names the message while it is delivered; null for none.</summary>
    public ILogger? Logger { get; init; }

    /// <inheritdoc/>
    public async ValueTask<SubmissionResult> SubmitAsync(Envelope envelope, Stream message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(message);
        var transaction = new MailTransaction(QueueId.Create(_time), _session, envelope.WithoutRecipients(), _time.GetUtcNow());
        using var scope = Logger is null ? null : Scope(Logger, transaction.QueueId);
        var replies = new SmtpReply?[envelope.Recipients.Count];
        var routes = new List<RecipientRoute>();
        for (var i = 0; i < replies.Length; i++)
        {
            var route = await _router.RouteAsync(transaction, envelope.Recipients[i], cancellationToken).ConfigureAwait(false);
            if (route is RecipientRoute.Refuse refuse)
            {
                replies[i] = refuse.Reply;
                continue;
            }

            routes.Add(route);
            transaction.Envelope.Recipients.Add(envelope.Recipients[i]);
        }

        if (routes.Count > 0)
        {
            var staged = await StageAsync(transaction, message, routes, cancellationToken).ConfigureAwait(false);
            await using (staged.ConfigureAwait(false))
            {
                var inbound = new InboundMessage(staged.Content, staged.Summary, routes);
                using var delivered = (await _delivery.DeliverAsync(transaction, inbound, cancellationToken).ConfigureAwait(false)).GetEnumerator();
                for (var i = 0; i < replies.Length; i++)
                {
                    replies[i] ??= delivered.MoveNext() ? delivered.Current : RecipientReplies.LocalError;
                }
            }
        }

        return new SubmissionResult(transaction.QueueId, replies!);
    }

    private async ValueTask<StagedMessage> StageAsync(MailTransaction transaction, Stream message, List<RecipientRoute> routes, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var copying = CopyAsync(message, pipe.Writer, cancellationToken);
        var reader = new HeaderCompletingReader(pipe.Reader, TraceHeader.DateField(transaction), TraceHeader.MessageIdField(transaction));
        try
        {
            var accounts = routes.OfType<RecipientRoute.Local>().Select(static local => local.Account).Distinct();
            return await _staging.StageAsync(reader, new StageHint(null, [.. accounts]), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            reader.Complete();
            await pipe.Reader.CompleteAsync().ConfigureAwait(false);
            await copying.ConfigureAwait(false);
        }
    }

    /// <summary>CR, LF and CRLF all become CRLF, and the last line gets one. A failure goes to the pipe's reader.</summary>
    private static async Task CopyAsync(Stream message, PipeWriter writer, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            var last = (byte)'\n';
            int count;
            while ((count = await message.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                Normalize(buffer.AsSpan(0, count), writer, ref last);
                if ((await writer.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
                {
                    return;
                }
            }

            if (last != '\n')
            {
                writer.Write(last == '\r' ? "\n"u8 : "\r\n"u8);
            }

            await writer.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await writer.CompleteAsync(error).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Normalize(ReadOnlySpan<byte> octets, PipeWriter writer, ref byte last)
    {
        while (!octets.IsEmpty)
        {
            if (last == '\r' && octets[0] != '\n')
            {
                writer.Write("\n"u8);
                last = (byte)'\n';
            }
            else if (octets[0] == '\n' && last != '\r')
            {
                writer.Write("\r"u8);
            }

            // Up to and with the next CR, or up to the next LF.
            var stop = octets[1..].IndexOfAny((byte)'\r', (byte)'\n');
            var length = octets[0] is (byte)'\r' || stop < 0 ? (octets[0] == '\r' ? 1 : octets.Length) : stop + 1;
            writer.Write(octets[..length]);
            last = octets[length - 1];
            octets = octets[length..];
        }
    }
}
