using System.Globalization;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>
/// One transaction on an open connection, for a part of a message's recipients: MAIL, RCPT and the message, pipelined where the server
/// allows it (RFC 2920). What is known of each recipient is in <see cref="Outcomes"/> at any time, also after an exception.
/// </summary>
internal sealed class SmtpTransaction(SmtpClientConnection connection, SmtpClientOptions options, RelayMessage message, TransferPlan plan)
{
    // Commands sent before their replies are read; neither side's buffers fill up on it.
    private const int Window = 64;

    private readonly SmtpClientChannel _channel = connection.Channel;
    private readonly SmtpFeatures _features = connection.Features;
    private readonly List<int> _accepted = [];
    private bool _isOpen;

    /// <summary>By recipient of the message's envelope; null while it is not known.</summary>
    public required RelayOutcome?[] Outcomes { get; init; }

    /// <summary>The name of the server, for outcomes.</summary>
    public required string RemoteName { get; init; }

    /// <summary>The server may still have a part of a transaction in mind: the next one starts with RSET.</summary>
    public bool NeedsReset { get; set; }

    /// <summary>Recipients that the server wants to have in another transaction.</summary>
    public List<int> Postponed { get; } = [];

    /// <summary>Something of this transaction was answered, and not with 421.</summary>
    public bool HasBegun { get; private set; }

    /// <exception cref="IOException">The connection broke; what is not known then may or may not have happened.</exception>
    /// <exception cref="ServiceClosingException">421.</exception>
    public async ValueTask RunAsync(IReadOnlyList<int> recipients, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var isPipelined = _features.Has("PIPELINING");
        var mail = MailParameterText.Mail(message, plan, _features, now);
        var go = isPipelined
            ? await BeginPipelinedAsync(mail, recipients, cancellationToken).ConfigureAwait(false)
            : await BeginAsync(mail, recipients, cancellationToken).ConfigureAwait(false);
        if (_accepted.Count == 0)
        {
            await EndEmptyAsync(go, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (plan.UsesChunking)
        {
            _channel.Write(string.Create(CultureInfo.InvariantCulture, $"BDAT {plan.Content.Length} LAST"));
            await _channel.WriteOctetsAsync(plan.Content, cancellationToken).ConfigureAwait(false);
        }
        else if (go is { Code: 354 })
        {
            await _channel.WriteDataAsync(plan.Content, plan.NeedsSevenBit ? new SevenBitEncoder() : null, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            // A server that says 250 here has taken nothing.
            SettleAccepted(go!.IsPositive ? throw _channel.Break($"The server answered DATA with {go.Code}.") : go);
            NeedsReset = true;
            return;
        }

        await EndAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SmtpReply?> BeginAsync(string mail, IReadOnlyList<int> recipients, CancellationToken cancellationToken)
    {
        if (NeedsReset)
        {
            await SendAsync("RSET", options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
            NeedsReset = false;
        }

        if (!TakeMail(await SendAsync(mail, options.ReplyTimeout, cancellationToken).ConfigureAwait(false), recipients))
        {
            return null;
        }

        foreach (var index in recipients)
        {
            TakeRecipient(index, await SendAsync(RecipientCommand(index), options.ReplyTimeout, cancellationToken).ConfigureAwait(false));
        }

        return _accepted.Count == 0 || plan.UsesChunking ? null : await SendAsync("DATA", options.DataTimeout, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SmtpReply?> BeginPipelinedAsync(string mail, IReadOnlyList<int> recipients, CancellationToken cancellationToken)
    {
        var mustReset = NeedsReset;
        if (mustReset)
        {
            _channel.Write("RSET");
        }

        _channel.Write(mail);
        var isMailTaken = false;
        for (var first = 0; first < recipients.Count; first += Window)
        {
            var window = recipients.Skip(first).Take(Window).ToList();
            var isLast = first + Window >= recipients.Count;
            window.ForEach(index => _channel.Write(RecipientCommand(index)));
            if (isLast && !plan.UsesChunking)
            {
                _channel.Write("DATA");
            }

            await _channel.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (first == 0)
            {
                if (mustReset)
                {
                    await ReadAsync(options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
                    NeedsReset = false;
                }

                isMailTaken = TakeMail(await ReadAsync(options.ReplyTimeout, cancellationToken).ConfigureAwait(false), recipients);
            }

            foreach (var index in window)
            {
                var reply = await ReadAsync(options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
                // What is said of the recipients of a refused MAIL is said of the order of commands.
                if (isMailTaken)
                {
                    TakeRecipient(index, reply);
                }
            }

            if (isLast)
            {
                return plan.UsesChunking ? null : await ReadAsync(options.DataTimeout, cancellationToken).ConfigureAwait(false);
            }
        }

        return null;
    }

    /// <summary>RFC 2920 3.1: a server may say 354 although it has refused every recipient. It gets no message then, only its end.</summary>
    private async ValueTask EndEmptyAsync(SmtpReply? go, CancellationToken cancellationToken)
    {
        NeedsReset = _isOpen;
        if (go is not { Code: 354 })
        {
            return;
        }

        await SendAsync(".", options.MessageTimeout, cancellationToken).ConfigureAwait(false);
        NeedsReset = false;
    }

    /// <summary>One reply for all, or with LMTP one for each recipient that was accepted, in their order (RFC 2033 4.2).</summary>
    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (options.IsLmtp)
        {
            foreach (var index in _accepted)
            {
                Settle(index, await ReadAsync(options.MessageTimeout, cancellationToken).ConfigureAwait(false));
            }
        }
        else
        {
            var reply = await ReadAsync(options.MessageTimeout, cancellationToken).ConfigureAwait(false);
            SettleAccepted(reply);
            NeedsReset = plan.UsesChunking && !reply.IsPositive;
        }
    }

    private bool TakeMail(SmtpReply reply, IReadOnlyList<int> recipients)
    {
        _isOpen = reply.Code is >= 200 and < 300;
        if (_isOpen)
        {
            return true;
        }

        foreach (var index in recipients)
        {
            Outcomes[index] = Refused(reply);
        }

        return false;
    }

    private void TakeRecipient(int index, SmtpReply reply)
    {
        if (reply.Code is >= 200 and < 300)
        {
            _accepted.Add(index);
        }
        else if (IsTooMany(reply) && _accepted.Count > 0)
        {
            Postponed.Add(index);
        }
        else
        {
            Outcomes[index] = Refused(IsTooMany(reply) && !reply.IsTransient ? new SmtpReply(452, "4.5.3", reply.Text) : reply);
        }
    }

    /// <summary>RFC 5321 4.5.3.1.10: 552 for the number of recipients means 452.</summary>
    private static bool IsTooMany(SmtpReply reply) => reply switch
    {
        { Code: 452, Status: { Subject: 5, Detail: 3 } } => true,
        { Code: 452 or 552, Status: null } => true,
        { Code: 552, Status: { Subject: 5, Detail: 3 } } => true,
        _ => false,
    };

    private void SettleAccepted(SmtpReply reply) => _accepted.ForEach(index => Settle(index, reply));

    private void Settle(int index, SmtpReply reply) => Outcomes[index] = reply.Code is >= 200 and < 300
        ? new RelayOutcome(RelayStatus.Sent, reply, RemoteName) { PassesReportsOn = _features.Has("DSN"), PassesDeadlineOn = _features.Has("DELIVERBY") }
        : Refused(reply);

    private RelayOutcome Refused(SmtpReply reply) => new(reply switch
    {
        { IsTransient: true } => RelayStatus.Deferred,
        { IsPositive: true } => throw _channel.Break($"{reply.Code} is no answer to a command of mail."),
        _ => RelayStatus.Failed,
    }, reply, RemoteName);

    private string RecipientCommand(int index) =>
        MailParameterText.Recipient(message.Envelope.Recipients[index], plan.Recipients[index]!, message.Envelope, _features);

    private async ValueTask<SmtpReply> SendAsync(string command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _channel.Write(command);
        await _channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        return await ReadAsync(timeout, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SmtpReply> ReadAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var reply = await _channel.ReadAsync(timeout, cancellationToken).ConfigureAwait(false);
        HasBegun |= reply.Code != 421;
        return reply.Code == 421 ? throw new ServiceClosingException(reply) : reply;
    }
}
