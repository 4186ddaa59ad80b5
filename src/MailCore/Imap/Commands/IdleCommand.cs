using System.Buffers;
using System.Text;
using MailCore.Imap.Wire;
using MailCore.Net;

namespace MailCore.Imap.Commands;

/// <summary>RFC 2177.</summary>
internal sealed class IdleCommand : ImapCommand
{
    private const int MaxLine = 8 * 1024;

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new IdleCommand();
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("+ Idling"u8).Line();
        session.Selection?.WakeOnHint(session.Lines.Interrupt);
        try
        {
            return await WaitAsync(session);
        }
        finally
        {
            session.WakeSelection();
        }
    }

    private static async ValueTask<ImapReply> WaitAsync(ImapSession session)
    {
        var time = session.Services.Time;
        var started = time.GetTimestamp();
        var fill = FillResult.Interrupted;
        while (true)
        {
            // A time-out is the slow poll, for hints that got lost.
            if (!await session.TellAsync(mayExpunge: true, surely: fill == FillResult.TimedOut))
            {
                return ImapReply.Ok("Idled");
            }

            switch (session.Lines.TryReadLine(MaxLine, out var line))
            {
                case LineStatus.Line or LineStatus.BareLineFeed:
                    return IsDone(line) ? ImapReply.Ok("Idled") : ImapReply.Bad("DONE expected");
                case LineStatus.TooLong:
                    return ImapReply.Bad("DONE expected");
                case LineStatus.Endless:
                    session.Bye("The line is too long");
                    return ImapReply.Bad("DONE expected");
            }

            await session.Writer.FlushAsync(session.Aborted);
            session.ReleaseForWait();
            var left = session.Options.IdleTimeout - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                session.Log.Idle(session.Connection.Id);
                session.Bye("Idle for too long");
                return ImapReply.None;
            }

            fill = await session.FillLinesAsync(left < session.Options.PollInterval ? left : session.Options.PollInterval);
            if (fill == FillResult.Completed)
            {
                session.End();
                return ImapReply.None;
            }

            if (session.IsStopping)
            {
                session.Bye("The server is shutting down");
                return ImapReply.None;
            }
        }
    }

    private static bool IsDone(in ReadOnlySequence<byte> line)
    {
        Span<byte> word = stackalloc byte[4];
        if (line.Length != word.Length)
        {
            return false;
        }

        line.CopyTo(word);
        return Ascii.EqualsIgnoreCase(word, "DONE"u8);
    }
}
