using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>
/// Sends mail for rewritten senders (<see cref="SenderRewriting"/>), notifications above all, on to whom they stand for: anybody may
/// write to these, since we have made them. Everything else goes by the router behind. Thread-safe.
/// </summary>
public sealed class SrsRouter : IMessageRouter
{
    private static readonly RecipientRoute.Refuse Invalid = new(new SmtpReply(550, "5.1.1", "This rewritten address is not ours, or too old"));

    private readonly IMessageRouter _inner;
    private readonly SenderRewriting _rewriting;

    /// <summary>Before <paramref name="inner"/>.</summary>
    public SrsRouter(IMessageRouter inner, SenderRewriting rewriting)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(rewriting);
        (_inner, _rewriting) = (inner, rewriting);
    }

    /// <inheritdoc/>
    public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        return !_rewriting.IsRewritten(recipient.Address) ? _inner.RouteAsync(transaction, recipient, cancellationToken)
            : new(_rewriting.TryReverse(recipient.Address, out var original) ? new RecipientRoute.Relay(original) : Invalid);
    }
}
