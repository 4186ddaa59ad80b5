using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>A session over SMTP or LMTP.</summary>
internal sealed class SmtpRelaySession(SmtpClientConnection connection, SmtpClientOptions options, TimeProvider time) : RelaySession
{
    private static readonly SmtpReply Unreadable = new(451, "4.3.0", "The message could not be read; it will be tried again");

    private static readonly SmtpReply TooManyRecipients = new(452, "4.5.3", "The server takes no more messages by this connection");

    private readonly int _maxRecipients = Math.Min(options.MaxRecipients, connection.Features.MaxRecipients ?? int.MaxValue);
    private SmtpTransaction? _transaction;
    private bool _hasBegun;
    private bool _isBroken;
    private bool _needsReset;
    private int _transactions;

    public override string RemoteName => options.ServerName;

    public override bool IsUsable => !_isBroken && !(_transactions >= connection.Features.MaxMessages);

    public override async ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(RelayMessage message, CancellationToken cancellationToken)
    {
        var outcomes = new RelayOutcome?[message.Envelope.Recipients.Count];
        var isReused = _transactions > 0;
        _hasBegun = false;
        try
        {
            var rest = await SendAsync(message, outcomes, cancellationToken).ConfigureAwait(false);
            return Complete(outcomes, rest);
        }
        catch (OperationCanceledException)
        {
            _isBroken = true;
            throw;
        }
        catch (MessageReadException)
        {
            // With half of a message written, nothing but the end of the connection tells the server so.
            _isBroken |= _transaction is not null;
            return Complete(outcomes, Ours(RelayStatus.Deferred, Unreadable));
        }
        catch (IOException error)
        {
            _isBroken = true;
            var rest = error is ServiceClosingException closing
                ? new RelayOutcome(RelayStatus.Deferred, closing.Reply, RemoteName)
                : Ours(RelayStatus.Deferred, new SmtpReply(451, "4.4.2", $"The connection to {RemoteName} broke: {error.Message}"));
            return Complete(outcomes, rest with { WasNotTried = isReused && !_hasBegun && _transaction is not { HasBegun: true } });
        }
        finally
        {
            _transaction = null;
        }
    }

    public override async ValueTask<SmtpReply?> ProbeAsync(EmailAddress recipient, CancellationToken cancellationToken)
    {
        if (recipient.IsInternationalized && !connection.Features.Has("SMTPUTF8"))
        {
            return null;
        }

        try
        {
            var mail = await connection.Channel.SendAsync(recipient.IsInternationalized ? "MAIL FROM:<> SMTPUTF8" : "MAIL FROM:<>", options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
            return mail.IsPositive ? await connection.Channel.SendAsync($"RCPT TO:<{recipient}>", options.ReplyTimeout, cancellationToken).ConfigureAwait(false) : null;
        }
        catch (IOException)
        {
            _isBroken = true;
            return null;
        }
        catch (OperationCanceledException)
        {
            _isBroken = true;
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (!_isBroken)
        {
            await connection.QuitAsync(default).ConfigureAwait(false);
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Sends to all, in as many transactions as it takes; returns what is true of those that none was left for.</summary>
    private async ValueTask<RelayOutcome> SendAsync(RelayMessage message, RelayOutcome?[] outcomes, CancellationToken cancellationToken)
    {
        var traits = await ContentTraits.FindAsync(message.Content, cancellationToken).ConfigureAwait(false);
        var plan = await TransferPlan.Make(message, traits, connection.Features, options.PrefersChunking, time.GetUtcNow()).MeasureAsync(cancellationToken).ConfigureAwait(false);
        if (plan.Refusal is { } refusal)
        {
            return Ours(RelayStatus.Failed, refusal);
        }

        for (var left = Reachable(plan, outcomes); left.Count > 0 && IsUsable;)
        {
            _transaction = new SmtpTransaction(connection, options, message, plan) { Outcomes = outcomes, RemoteName = RemoteName, NeedsReset = _needsReset };
            _transactions++;
            await _transaction.RunAsync([.. left.Take(_maxRecipients)], time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
            _needsReset = _transaction.NeedsReset;
            _hasBegun = true;
            left = [.. _transaction.Postponed, .. left.Skip(_maxRecipients)];
        }

        return Ours(RelayStatus.Deferred, TooManyRecipients);
    }

    private static List<int> Reachable(TransferPlan plan, RelayOutcome?[] outcomes)
    {
        var reachable = new List<int>(outcomes.Length);
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (plan.Recipients[i] is null)
            {
                outcomes[i] = Ours(RelayStatus.Failed, TransferPlan.UnreachableAddress);
            }
            else
            {
                reachable.Add(i);
            }
        }

        return reachable;
    }

    private static IReadOnlyList<RelayOutcome> Complete(RelayOutcome?[] outcomes, RelayOutcome rest) => [.. outcomes.Select(one => one ?? rest)];

    private static RelayOutcome Ours(RelayStatus status, SmtpReply reply) => new(status, reply);
}
