using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Has a message signed, then delivers it. Thread-safe.</summary>
public sealed class SigningDelivery : IMessageDelivery
{
    private readonly IMessageDelivery _delivery;
    private readonly IReadOnlyList<IMessageSigner> _signers;

    /// <summary>The signers sign in order, each over the signatures of those before.</summary>
    public SigningDelivery(IMessageDelivery delivery, IReadOnlyList<IMessageSigner> signers)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        ArgumentNullException.ThrowIfNull(signers);
        (_delivery, _signers) = (delivery, signers);
    }

    /// <inheritdoc/>
    public DeliveryAbilities Honours => _delivery.Honours;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        foreach (var signer in _signers)
        {
            var content = new MessageContent(transaction.AddedFields, await message.Content.OpenAsync(cancellationToken).ConfigureAwait(false));
            var stream = content.AsStream();
            await using (stream.ConfigureAwait(false))
            {
                var signature = await signer.SignAsync(transaction, stream, cancellationToken).ConfigureAwait(false);
                if (!signature.IsEmpty)
                {
                    transaction.AddField(Check(signature, signer));
                }
            }
        }

        return await _delivery.DeliverAsync(transaction, message, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fields and nothing else: an empty line would end the header.</summary>
    private static ReadOnlyMemory<byte> Check(ReadOnlyMemory<byte> fields, IMessageSigner signer)
    {
        var checkedOctets = 0;
        foreach (var field in new HeaderReader(fields.Span))
        {
            if (field.Name.IsEmpty || !field.Raw.EndsWith("\r\n"u8) || field.Raw.Count((byte)'\n') != field.Raw.Count("\r\n"u8) || field.Raw.Count((byte)'\r') != field.Raw.Count((byte)'\n'))
            {
                break;
            }

            checkedOctets += field.Raw.Length;
        }

        return checkedOctets == fields.Length
            ? fields
            : throw new InvalidOperationException($"{signer.GetType().Name} gave something else than header fields that end in CRLF.");
    }
}
