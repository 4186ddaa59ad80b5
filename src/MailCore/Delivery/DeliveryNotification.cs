using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// A delivery status notification, ready to be staged and sent. Disposing it leaves the message that it tells of alone; it can be read
/// while that can.
/// </summary>
/// <param name="Envelope">From the null sender to the message's sender, or to the postmaster.</param>
/// <param name="Content">All octets, read when asked for: those of a returned message are never held.</param>
internal sealed record DeliveryNotification(Envelope Envelope, MessageContent Content) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
