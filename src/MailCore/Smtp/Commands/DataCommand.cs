using System.Runtime.CompilerServices;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>DATA (RFC 5321 4.1.1.4): stages the message, has it delivered, and answers only then.</summary>
internal static class DataCommand
{
    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (session.Chunks is not null || session.Transaction!.Envelope.Body == BodyType.BinaryMime)
        {
            return SmtpReplies.ChunksOnly;
        }

        session.Channel.Write(SmtpReplies.SendMessage);
        await session.Channel.FlushAsync().ConfigureAwait(false);
        var body = session.Body;
        body.Begin(MessageIntake.Limits(session.Options), session.Stopping);
        var staged = await MessageIntake.StageAsync(session, body).ConfigureAwait(false);
        session.Transcript?.Client(staged is null ? "(a message)" : $"(a message of {staged.Length} octets)");
        if (staged is null || body.Outcome != DataOutcome.Complete)
        {
            await MessageIntake.DropAsync(session, staged).ConfigureAwait(false);
            MessageIntake.Refuse(session, await PassOverAsync(session, body).ConfigureAwait(false), MessageIntake.ReplyCount(session));
            return null;
        }

        body.End();
        return await MessageIntake.CompleteAsync(session, staged).ConfigureAwait(false);
    }

    /// <summary>Gets past the rest of a message that nobody wants; the reply says why.</summary>
    private static async ValueTask<SmtpReply> PassOverAsync(SmtpSession session, DataBodyReader body)
    {
        var reply = MessageIntake.Refusal(session, body.Outcome);
        if (body.Outcome == DataOutcome.Complete)
        {
            body.End();
        }
        else if (!MessageIntake.IsCutOff(body.Outcome) && !await body.DrainAsync(session.Options.MaxDrain).ConfigureAwait(false))
        {
            session.IsOver = true;
            reply = MessageIntake.IsCutOff(body.Outcome) ? MessageIntake.Refusal(session, body.Outcome) : reply;
        }

        return reply;
    }
}
