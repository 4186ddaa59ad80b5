using System.Collections.Concurrent;
using MailCore.Delivery;
using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>
/// Asks the next hop of a relay domain at RCPT whether it knows the recipient, so that an unknown one is refused here and not bounced
/// later. A host that can't be asked now, or does not say, keeps no mail away: that is what passing on is for. Thread-safe.
/// </summary>
/// <remarks>
/// Strangers cause the questions, so they are few at a time, end soon, and their answers are kept: in memory, since a dictionary of names
/// tried by somebody is not worth a write each.
/// </remarks>
internal sealed partial class VerifyingRouter(IMessageRouter router, IRelayConnector connector, TimeProvider time, ILogger<VerifyingRouter> logger) : IMessageRouter, IDisposable
{
    public const int MaxKept = 10_000;
    private const int MaxQuestions = 8;

    private static readonly TimeSpan KnownKept = TimeSpan.FromHours(24);
    private static readonly TimeSpan UnknownKept = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly RecipientRoute.Refuse Unknown = new(new SmtpReply(550, "5.1.1", "The server that this address belongs to knows nobody of that name"));

    // Used by the generated log method.
    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<(NextHop Hop, string Address), (bool IsKnown, DateTimeOffset Until)> _answers = new();
    private readonly SemaphoreSlim _questions = new(MaxQuestions);

    public async ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        var route = await router.RouteAsync(transaction, recipient, cancellationToken).ConfigureAwait(false);
        return route is RecipientRoute.Relay { Via: { UsesMx: false } hop } relay && !await IsKnownAsync(hop, relay.Address, cancellationToken).ConfigureAwait(false)
            ? Unknown
            : route;
    }

    public void Dispose() => _questions.Dispose();

    private async ValueTask<bool> IsKnownAsync(NextHop hop, EmailAddress address, CancellationToken cancellationToken)
    {
        var key = (hop, address.ToString().ToLowerInvariant());
        if (_answers.TryGetValue(key, out var answer) && answer.Until > time.GetUtcNow())
        {
            return answer.IsKnown;
        }

        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (await AskAsync(hop, address, either.Token).ConfigureAwait(false) is not { } isKnown)
            {
                return true;
            }

            if (_answers.Count >= MaxKept)
            {
                _answers.Clear();
            }

            _answers[key] = (isKnown, time.GetUtcNow() + (isKnown ? KnownKept : UnknownKept));
            return isKnown;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <summary>Null where the host does not say.</summary>
    private async ValueTask<bool?> AskAsync(NextHop hop, EmailAddress address, CancellationToken cancellationToken)
    {
        await _questions.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var connection = await connector.ConnectAsync(hop, ReversePath.Null, MessageTls.Usual, cancellationToken).ConfigureAwait(false);
            if (connection.Session is not { } session)
            {
                return null;
            }

            await using (session.ConfigureAwait(false))
            {
                var reply = await session.ProbeAsync(address, cancellationToken).ConfigureAwait(false);
                Answered(hop, address, reply);
                return reply is null || reply.IsTransient ? null : reply.IsPositive;
            }
        }
        finally
        {
            _questions.Release();
        }
    }

    [LoggerMessage(EventId = 4122, Level = LogLevel.Debug, Message = "{Hop} about <{Recipient}>: {Reply}")]
    private partial void Answered(NextHop hop, EmailAddress recipient, SmtpReply? reply);
}
