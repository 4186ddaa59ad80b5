using System.Buffers.Text;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>
/// BDAT (RFC 3030 2): a piece of the message behind the command itself. The octets of a chunk are taken off whatever is answered, so
/// that they are never read as commands.
/// </summary>
internal static class BdatCommand
{
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (!TryParse(argument.Span, out var size, out var isLast))
        {
            // How much follows is unknown.
            session.IsOver = true;
            return SmtpReplies.BadChunk;
        }

        var isWithheld = (session.Offered & SmtpExtensions.Chunking) == 0;
        if ((isWithheld ? SmtpReplies.NotOffered : session.Refusal(SmtpConditions.Transaction | SmtpConditions.Recipients)) is { } refusal)
        {
            return await TakeAsync(session, size, null).ConfigureAwait(false) switch
            {
                DataOutcome.Pending => refusal,
                var outcome => End(session, outcome, refusal),
            };
        }

        var chunks = session.BeginChunks();
        chunks.Body.Announce(size);
        var taken = await TakeAsync(session, size, chunks.Body).ConfigureAwait(false);
        if (taken != DataOutcome.Pending || chunks.Body.Outcome != DataOutcome.Pending)
        {
            var reply = MessageIntake.Refusal(session, MessageIntake.IsCutOff(taken) ? taken : chunks.Body.Outcome);
            MessageIntake.Refuse(session, reply, isLast ? MessageIntake.ReplyCount(session) : 1);
            session.IsOver |= taken != DataOutcome.Pending;
            return null;
        }

        return isLast ? await CompleteAsync(session, chunks).ConfigureAwait(false) : SmtpReplies.ChunkTaken;
    }

    private static async ValueTask<SmtpReply?> CompleteAsync(SmtpSession session, ChunkedMessage chunks)
    {
        var staged = await chunks.EndAsync().ConfigureAwait(false);
        if (staged is not null && chunks.Body.Outcome == DataOutcome.Complete)
        {
            return await MessageIntake.CompleteAsync(session, staged).ConfigureAwait(false);
        }

        await MessageIntake.DropAsync(session, staged).ConfigureAwait(false);
        MessageIntake.Refuse(session, MessageIntake.Refusal(session, chunks.Body.Outcome), MessageIntake.ReplyCount(session));
        return null;
    }

    private static SmtpReply End(SmtpSession session, DataOutcome outcome, SmtpReply refusal)
    {
        session.IsOver = true;
        return outcome == DataOutcome.TooLarge ? refusal : MessageIntake.Refusal(session, outcome);
    }

    /// <summary>
    /// Takes a chunk off the connection and, while it is wanted, into the body. Pending where all of it came; too large where it was
    /// given up at the drain limit.
    /// </summary>
    /// <exception cref="IOException">The connection broke.</exception>
    private static async ValueTask<DataOutcome> TakeAsync(SmtpSession session, long size, ChunkedBodyReader? body)
    {
        var framer = session.Channel.Framer;
        var input = body is null ? session.BeginInput() : session.ChunkInput;
        long dropped = 0;
        for (var left = size; left > 0;)
        {
            if (framer.Buffer.IsEmpty)
            {
                // A client may wait for the replies before this one with the rest of its chunk.
                await session.Channel.FlushAsync().ConfigureAwait(false);
                if (await input.FillAsync().ConfigureAwait(false) is var outcome and not DataOutcome.Pending)
                {
                    return outcome;
                }

                continue;
            }

            var piece = framer.Buffer.Slice(0, Math.Min(left, framer.Buffer.Length));
            left -= piece.Length;
            if (body is { Outcome: DataOutcome.Pending })
            {
                body.Push(piece);
                framer.Consume(piece.End);
                await body.FlushAsync().ConfigureAwait(false);
                continue;
            }

            framer.Consume(piece.End);
            dropped += piece.Length;
            if (dropped > session.Options.MaxDrain)
            {
                return DataOutcome.TooLarge;
            }
        }

        return DataOutcome.Pending;
    }

    private static bool TryParse(ReadOnlySpan<byte> argument, out long size, out bool isLast)
    {
        isLast = false;
        if (argument.IsEmpty || !char.IsAsciiDigit((char)argument[0]) || !Utf8Parser.TryParse(argument, out size, out var used))
        {
            size = 0;
            return false;
        }

        var rest = argument[used..];
        isLast = !rest.IsEmpty && rest[0] == ' ' && Ascii.EqualsIgnoreCase(rest.Trim((byte)' '), "LAST"u8);
        return rest.IsEmpty || isLast;
    }
}
