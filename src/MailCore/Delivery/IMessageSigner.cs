using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>
/// Signs messages when nothing about them will change any more: after every edit, before they are stored or queued. Thread-safe.
/// </summary>
public interface IMessageSigner
{
    /// <summary>
    /// The signature as whole fields with their CRLFs, written on top of the message as they are; empty when this message is not the
    /// signer's, which the transaction tells. The message is seekable and holds the octets that every recipient gets, with what was
    /// signed before and without the trace fields. An exception is logged and becomes 451: nothing leaves unsigned by accident.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> SignAsync(MailTransaction transaction, Stream message, CancellationToken cancellationToken);
}
