using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Testing.Wire;

namespace MailCore.Testing.Accounts;

/// <summary>Tells inboxes of what was delivered to them, when the client has its reply.</summary>
internal sealed class ArrivalDelivery(IMessageDelivery inner, TestAccounts accounts, SessionBook sessions) : IMessageDelivery
{
    public DeliveryAbilities Honours => inner.Honours;

    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        var replies = await inner.DeliverAsync(transaction, message, cancellationToken).ConfigureAwait(false);
        var inboxes = new HashSet<TestInbox>();
        for (var i = 0; i < message.Routes.Count; i++)
        {
            if (replies[i].IsPositive)
            {
                Collect(message.Routes[i], inboxes);
            }
        }

        if (inboxes.Count == 0)
        {
            return replies;
        }

        var received = new ReceivedMessage(transaction, await ReadAsync(message.Content, cancellationToken).ConfigureAwait(false), message.Summary.ToArray());
        var session = sessions.Find(transaction.Session.ConnectionId);
        foreach (var inbox in inboxes)
        {
            if (session is null)
            {
                inbox.Arrived(received);
            }
            else
            {
                session.WhenAnswered(() => inbox.Arrived(received));
            }
        }

        return replies;
    }

    private void Collect(RecipientRoute route, HashSet<TestInbox> into)
    {
        switch (route)
        {
            case RecipientRoute.Local local when accounts.Find(local.Account) is { } inbox:
                into.Add(inbox);
                break;
            case RecipientRoute.Expand expand:
                foreach (var target in expand.Targets)
                {
                    Collect(target, into);
                }

                break;
        }
    }

    private static async ValueTask<byte[]> ReadAsync(StagedContent content, CancellationToken cancellationToken)
    {
        await using var reader = await content.OpenAsync(cancellationToken).ConfigureAwait(false);
        var octets = new byte[reader.Length];
        for (var offset = 0; offset < octets.Length;)
        {
            var count = await reader.ReadAsync(offset, octets.AsMemory(offset), cancellationToken).ConfigureAwait(false);
            offset = count > 0 ? offset + count : throw new EndOfStreamException();
        }

        return octets;
    }
}

/// <summary>Answers a message as a fault wants it.</summary>
internal sealed class FaultFilter(SessionBook sessions) : ISmtpFilter
{
    public ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(sessions.Find(context.Session.ConnectionId)?.MessageReply switch
        {
            null => SmtpVerdict.Continue,
            { IsPositive: true } => SmtpVerdict.Discard("A fault says that the message was taken."),
            var reply => SmtpVerdict.Reject(reply),
        });
    }
}
