using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp.Commands;

/// <summary>DATA (RFC 5321 4.1.1.4): stages the message, has it delivered, and answers only then.</summary>
internal static class DataCommand
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        session.Channel.Write(SmtpReplies.SendMessage);
        await session.Channel.FlushAsync().ConfigureAwait(false);
        var body = session.Body;
        body.Begin(Limits(session.Options), session.Stopping);
        var (staged, refusal) = await StageAsync(session, body).ConfigureAwait(false);
        if (staged is null || body.Outcome != DataOutcome.Complete)
        {
            await DropAsync(session, staged).ConfigureAwait(false);
            return await RefuseAsync(session, body, refusal).ConfigureAwait(false);
        }

        body.End();
        session.Messages++;
        var transaction = session.Transaction!;
        var isDiscarded = false;
        if (session.Filters is { } filters)
        {
            var filtered = await FilterAsync(session, filters, staged).ConfigureAwait(false);
            if (filtered.Refusal is { } rejected)
            {
                await DropAsync(session, filtered.Content).ConfigureAwait(false);
                session.EndTransaction();
                return Refuse(session, transaction, rejected);
            }

            (staged, isDiscarded) = (filtered.Content!, filtered.IsDiscarded);
        }

        var replies = isDiscarded
            ? [.. Enumerable.Repeat(SmtpReply.Ok, transaction.Envelope.Recipients.Count)]
            : await DeliverAsync(session, transaction, staged).ConfigureAwait(false);
        var length = staged.Length;
        await DropAsync(session, staged).ConfigureAwait(false);
        session.EndTransaction();
        return Answer(session, transaction, replies, length);
    }

    private static DataLimits Limits(SmtpOptions options) =>
        new(options.MaxMessageSize, options.MaxTextLine, options.MaxReceived, options.BareLineFeed == BareLineFeedRule.Rewrite, options.DataTimeout);

    /// <summary>Nothing when the staging failed, and perhaps the filters' refusal; the connection itself may be fine.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<(StagedMessage? Staged, SmtpReply? Refusal)> StageAsync(SmtpSession session, DataBodyReader body)
    {
        var transaction = session.Transaction!;
        var hint = new StageHint(transaction.Envelope.DeclaredSize, Accounts(session.Routes));
        var completing = session.Options.CompleteMessages
            ? new HeaderCompletingReader(body, TraceHeader.DateField(transaction), TraceHeader.MessageIdField(transaction))
            : null;
        var message = completing ?? (PipeReader)body;
        var editing = session.Filters is null ? null : new HeaderEditingReader(message, session.Options.MaxHeaderSize);
        try
        {
            if (editing is not null && await session.Filters!.HeadersAsync(transaction, editing).ConfigureAwait(false) is { } refusal)
            {
                return (null, refusal);
            }

            return (await session.Services.Staging.StageAsync(editing ?? message, hint, session.Connection.Closed).ConfigureAwait(false), null);
        }
        catch (Exception error) when (!body.IsBroken && !session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, transaction.QueueId, "staging");
            return default;
        }
        finally
        {
            editing?.Complete();
            completing?.Complete();
        }
    }

    private static async ValueTask<FilteredMessage> FilterAsync(SmtpSession session, SmtpFilterChain filters, StagedMessage staged)
    {
        try
        {
            return await filters.MessageAsync(session.Transaction!, staged).ConfigureAwait(false);
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, session.Transaction!.QueueId, "staging");
            return new FilteredMessage(null, SmtpReplies.LocalError, IsDiscarded: false);
        }
    }

    /// <summary>For the hint; accounts behind an alias are found out by the delivery.</summary>
    private static AccountId[] Accounts(List<RecipientRoute> routes)
    {
        var count = 0;
        foreach (var route in routes)
        {
            count += route is RecipientRoute.Local ? 1 : 0;
        }

        return count == 0 ? []
            : routes is [RecipientRoute.Local only] ? [only.Account]
            : [.. routes.OfType<RecipientRoute.Local>().Select(static local => local.Account).Distinct()];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(SmtpSession session, MailTransaction transaction, StagedMessage staged)
    {
        var count = transaction.Envelope.Recipients.Count;
        try
        {
            var message = new InboundMessage(staged.Content, staged.Summary, session.Routes);
            var replies = await session.Services.Delivery.DeliverAsync(transaction, message, session.Connection.Closed).ConfigureAwait(false);
            if (replies.Count == count)
            {
                return replies;
            }

            session.Protocol.Log.WrongReplies(session.Connection.Id, transaction.QueueId, replies.Count, count);
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, transaction.QueueId, "delivery");
        }

        return [.. Enumerable.Repeat(SmtpReplies.LocalError, count)];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask DropAsync(SmtpSession session, StagedMessage? staged)
    {
        try
        {
            if (staged is not null)
            {
                await staged.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            // What was delivered is delivered.
            session.Protocol.Log.Failed(error, session.Connection.Id, session.Transaction!.QueueId, "staging");
        }
    }

    /// <summary>Gets past the rest of a message that nobody wants and says why.</summary>
    private static async ValueTask<SmtpReply?> RefuseAsync(SmtpSession session, DataBodyReader body, SmtpReply? refusal)
    {
        var transaction = session.Transaction!;
        session.EndTransaction();
        // What is wrong with the octets comes first: the filters may have judged a part.
        var reply = body.Outcome is DataOutcome.Pending or DataOutcome.Complete && refusal is not null ? refusal : Refusal(body.Outcome);
        if (body.Outcome == DataOutcome.Complete)
        {
            body.End();
        }
        else if (body.Outcome is not (DataOutcome.TimedOut or DataOutcome.Stopping) && !await body.DrainAsync(session.Options.MaxDrain).ConfigureAwait(false))
        {
            session.IsOver = true;
            reply = body.Outcome is DataOutcome.TimedOut or DataOutcome.Stopping ? Refusal(body.Outcome) : reply;
        }

        return Refuse(session, transaction, reply);
    }

    private static SmtpReply? Refuse(SmtpSession session, MailTransaction transaction, SmtpReply reply)
    {
        session.IsOver |= reply.Code == 421;
        session.Protocol.Log.Refused(session.Connection.Id, transaction.QueueId, reply);
        // RFC 2033 4.2: as many replies as there were recipients; 421 speaks for the connection.
        for (var i = session.Options.Dialect.IsLmtp && reply.Code != 421 ? transaction.Envelope.Recipients.Count : 1; i > 0; i--)
        {
            session.Channel.Write(reply);
        }

        return null;
    }

    private static SmtpReply Refusal(DataOutcome outcome) => outcome switch
    {
        DataOutcome.TooLarge => SmtpReplies.TooLarge,
        DataOutcome.LongLine => SmtpReplies.LineOfMessageTooLong,
        DataOutcome.BareLineFeed => SmtpReplies.BareLineFeedInMessage,
        DataOutcome.BareCarriageReturn => SmtpReplies.BareCarriageReturnInMessage,
        DataOutcome.Nul => SmtpReplies.NulInMessage,
        DataOutcome.Looping => SmtpReplies.Looping,
        DataOutcome.TimedOut => SmtpReplies.TimedOut,
        DataOutcome.Stopping => SmtpReplies.Stopping,
        _ => SmtpReplies.LocalError,
    };

    private static SmtpReply? Answer(SmtpSession session, MailTransaction transaction, IReadOnlyList<SmtpReply> replies, long length)
    {
        var folded = Fold(replies);
        session.Protocol.Log.Received(session.Connection.Id, transaction.QueueId, transaction.Envelope.From, replies.Count, length, folded);
        if (!session.Options.Dialect.IsLmtp)
        {
            Write(session, transaction, folded);
            return null;
        }

        for (var i = 0; i < replies.Count; i++)
        {
            Write(session, transaction, replies[i]);
        }

        return null;
    }

    private static void Write(SmtpSession session, MailTransaction transaction, SmtpReply reply)
    {
        if (!ReferenceEquals(reply, SmtpReply.Ok))
        {
            session.Channel.Write(reply);
            return;
        }

        session.Channel.Write("250 2.0.0 OK queued as "u8);
        session.Channel.Write(transaction.QueueId);
        session.Channel.Write("\r\n"u8);
    }

    /// <summary>SMTP has one reply for all: the sender must try again if that can help anybody, and must know if anybody is left out.</summary>
    private static SmtpReply Fold(IReadOnlyList<SmtpReply> replies)
    {
        var folded = replies[0];
        for (var i = 1; i < replies.Count; i++)
        {
            folded = RecipientReplies.Worse(folded, replies[i]);
        }

        return folded;
    }
}
