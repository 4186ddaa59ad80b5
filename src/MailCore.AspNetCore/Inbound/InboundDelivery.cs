using MailCore.Delivery;
using MailCore.Messaging;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.AspNetCore.Inbound;

/// <summary>Calls a handler with services of a scope of its own. What it throws is logged by the caller, and becomes 451.</summary>
internal sealed class InboundDelivery(IServiceScopeFactory scopes, InboundHandler handler) : IMessageDelivery
{
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var mail = await InboundMail.OpenAsync(transaction, message, cancellationToken).ConfigureAwait(false);
            await using (mail.ConfigureAwait(false))
            {
                var reply = await handler(scope.ServiceProvider, mail, cancellationToken).ConfigureAwait(false);
                if (reply is null or { Code: >= 300 and < 400 })
                {
                    throw new InvalidOperationException($"The handler of {transaction.Envelope.Recipients[0]} answered {reply?.ToString() ?? "null"}. Answer with 2xx, 4xx or 5xx.");
                }

                var replies = new SmtpReply[transaction.Envelope.Recipients.Count];
                Array.Fill(replies, reply);
                return replies;
            }
        }
    }
}

/// <summary>A host's handler, its services yet to be found.</summary>
internal delegate Task<SmtpReply> InboundHandler(IServiceProvider services, InboundMail mail, CancellationToken cancellationToken);
