using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp;

/// <summary>What DATA and BDAT share: a message's octets are staged, delivered, and answered for.</summary>
internal static class MessageIntake
{
    public static DataLimits Limits(SmtpOptions options) =>
        new(options.MaxMessageSize, options.MaxTextLine, options.MaxReceived, options.BareLineFeed == BareLineFeedRule.Rewrite, options.DataTimeout)
        {
            MinPerMinute = options.MinDataPerMinute,
        };

    /// <summary>Null when the staging failed; the connection itself may be fine.</summary>
    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public static async ValueTask<StagedMessage?> StageAsync(SmtpSession session, MessageBodyReader body)
    {
        var transaction = session.Transaction!;
        var hint = new StageHint(transaction.Envelope.DeclaredSize, Accounts(session.Routes));
        var completing = session.Options.CompleteMessages
            ? new HeaderCompletingReader(body, TraceHeader.DateField(transaction), TraceHeader.MessageIdField(transaction))
            : null;
        var message = completing ?? (PipeReader)body;
        var edited = session.Filters is null ? null : new HeaderEditingReader(message, session.Options.MaxHeaderSize);
        try
        {
            return edited is null || await session.Filters!.HeadersAsync(transaction, edited).ConfigureAwait(false)
                ? await session.Services.Staging.StageAsync(edited ?? message, hint, session.Connection.Closed).ConfigureAwait(false)
                : null;
        }
        catch (Exception error) when (!body.IsBroken && !session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, transaction.QueueId, "staging");
            return null;
        }
        finally
        {
            edited?.Complete();
            completing?.Complete();
        }
    }

    /// <summary>Delivers a message that has arrived whole, and answers.</summary>
    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public static async ValueTask<SmtpReply?> CompleteAsync(SmtpSession session, StagedMessage staged)
    {
        session.Messages++;
        var transaction = session.Transaction!;
        if (session.Activity is { } activity)
        {
            Activity.Current = activity;
        }

        using var scope = session.Protocol.Log.Begin(transaction.QueueId);
        var length = staged.Length;
        if (session.Filters is { } filters)
        {
            var filtered = await FilterAsync(session, filters, staged).ConfigureAwait(false);
            if (filtered is null)
            {
                Refuse(session, transaction.Refusal ?? SmtpReplies.LocalError, ReplyCount(session));
                return null;
            }

            staged = filtered;
        }

        IReadOnlyList<SmtpReply> replies;
        try
        {
            replies = transaction.IsDiscarded ? Discard(session, transaction) : await DeliverAsync(session, transaction, staged).ConfigureAwait(false);
        }
        finally
        {
            await DropAsync(session, staged).ConfigureAwait(false);
        }

        var folded = Fold(replies);
        session.Answered(folded, length);
        session.EndTransaction();
        session.Protocol.Log.Received(session.Connection.Id, transaction.QueueId, transaction.Envelope.From, replies.Count, length, folded);
        return Answer(session, transaction, replies, folded);
    }

    /// <summary>The message as the filters leave it; null when one refused it or the editing failed.</summary>
    private static async ValueTask<StagedMessage?> FilterAsync(SmtpSession session, SmtpFilterChain filters, StagedMessage staged)
    {
        try
        {
            return await filters.MessageAsync(session.Transaction!, staged).ConfigureAwait(false);
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, session.Transaction!.QueueId, "staging");
            return null;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask DropAsync(SmtpSession session, StagedMessage? staged)
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

    /// <summary>Ends the transaction without its message; <paramref name="count"/> replies say so, or one that speaks for the connection.</summary>
    public static void Refuse(SmtpSession session, SmtpReply reply, int count)
    {
        var transaction = session.Transaction!;
        session.Answered(reply, null);
        session.EndTransaction();
        session.IsOver |= reply.Code == 421;
        session.Protocol.Log.Refused(session.Connection.Id, transaction.QueueId, reply);
        Note(session, transaction, MessageStepKind.Refused, reply.ToString());
        for (var i = reply.Code == 421 ? 1 : count; i > 0; i--)
        {
            session.Channel.Write(reply);
        }
    }

    /// <summary>No more can be read.</summary>
    public static bool IsCutOff(DataOutcome outcome) => outcome is DataOutcome.TimedOut or DataOutcome.TooSlow or DataOutcome.Stopping;

    /// <summary>RFC 2033 4.2: LMTP has one for each recipient.</summary>
    public static int ReplyCount(SmtpSession session) => session.Options.Dialect.IsLmtp ? session.Routes.Count : 1;

    public static SmtpReply Refusal(SmtpSession session, DataOutcome outcome) => outcome switch
    {
        // What is wrong with the octets comes before what filters found in a part of them.
        DataOutcome.Pending or DataOutcome.Complete or DataOutcome.Unwanted when session.Transaction?.Refusal is { } refusal => refusal,
        DataOutcome.TooLarge => SmtpReplies.TooLarge,
        DataOutcome.LongLine => SmtpReplies.LineOfMessageTooLong,
        DataOutcome.BareLineFeed => SmtpReplies.BareLineFeedInMessage,
        DataOutcome.BareCarriageReturn => SmtpReplies.BareCarriageReturnInMessage,
        DataOutcome.Nul => SmtpReplies.NulInMessage,
        DataOutcome.Looping => SmtpReplies.Looping,
        DataOutcome.TimedOut => SmtpReplies.TimedOut,
        DataOutcome.TooSlow => SmtpReplies.TooSlow,
        DataOutcome.Stopping => SmtpReplies.Stopping,
        _ => SmtpReplies.LocalError,
    };

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

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(SmtpSession session, MailTransaction transaction, StagedMessage staged)
    {
        var count = transaction.Envelope.Recipients.Count;
        try
        {
            if (session.Transcript is { } transcript)
            {
                session.Services.Records!.Add(transaction, transcript);
            }

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

    private static SmtpReply[] Discard(SmtpSession session, MailTransaction transaction)
    {
        Note(session, transaction, MessageStepKind.Discarded, "by a filter");
        return [.. Enumerable.Repeat(SmtpReply.Ok, session.Routes.Count)];
    }

    private static void Note(SmtpSession session, MailTransaction transaction, MessageStepKind kind, string detail) =>
        session.Services.Trace?.Note(new MessageStep(
            transaction.QueueId, session.Services.Time.GetUtcNow(), kind, null, $"from <{transaction.Envelope.From}> by {session.Connection.RemoteEndPoint}: {detail}"));

    private static SmtpReply? Answer(SmtpSession session, MailTransaction transaction, IReadOnlyList<SmtpReply> replies, SmtpReply folded)
    {
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
