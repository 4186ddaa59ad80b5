using System.Buffers;
using MailCore.Imap.Append;
using MailCore.Imap.Wire;
using MailCore.Net;

namespace MailCore.Imap;

internal sealed partial class ImapSession
{
    /// <summary>
    /// The next line outside of any command: a SASL response, DONE. Null when the client left, was too slow or the server stops,
    /// which has been dealt with, or when the line was over the limit.
    /// </summary>
    public async ValueTask<byte[]?> ReadLineAsync(int limit)
    {
        while (true)
        {
            switch (Lines.TryReadLine(limit, out var line))
            {
                case LineStatus.Line or LineStatus.BareLineFeed:
                    return line.ToArray();
                case LineStatus.Incomplete when await FillAsync():
                    break;
                case LineStatus.Incomplete:
                    End();
                    return null;
                case LineStatus.Endless:
                    Bye("The line is too long");
                    return null;
                default:
                    return null;
            }
        }
    }

    /// <summary>
    /// What stands behind a message that has been taken, up to the next message or the command's end; null as for
    /// <see cref="ReadLineAsync"/>.
    /// </summary>
    public async ValueTask<MessageTail?> ReadTailAsync()
    {
        Framer.EndMessage();
        while (true)
        {
            switch (Framer.TryRead(_afterLogin))
            {
                case FrameStatus.Incomplete when await FillAsync():
                    break;
                case FrameStatus.Incomplete:
                    End();
                    return null;
                case FrameStatus.Lost:
                    Bye("Can't find the next command");
                    return null;
                case FrameStatus.Refused:
                    return new MessageTail("{"u8.ToArray(), HasMessage: false);
                case var status:
                    return new MessageTail(Framer.Command.ToArray(), HasMessage: status == FrameStatus.Message);
            }
        }
    }

    /// <summary>Reads and drops a message that was not asked for, and the rest of its command with any further messages.</summary>
    /// <param name="octets">Left of the first.</param>
    public async ValueTask SkipMessagesAsync(long octets)
    {
        for (var dropped = octets; dropped <= Options.MaxDrain; dropped += octets)
        {
            await SkipMessageAsync(octets);
            // A message that waits for leave does not come.
            if (_ended || await ReadTailAsync() is not { HasMessage: true } || Framer.MessageHeader.Synchronizing)
            {
                return;
            }

            octets = Framer.MessageHeader.Size;
        }

        Bye("The message is too large to be skipped");
    }

    private async ValueTask SkipMessageAsync(long octets)
    {
        while (octets > 0)
        {
            var dropped = Lines.Buffer.Slice(0, Math.Min(octets, Lines.Buffer.Length));
            octets -= dropped.Length;
            Lines.Consume(dropped.End);
            if (octets > 0 && !await FillAsync(inMessage: true))
            {
                End();
                return;
            }
        }
    }

    /// <summary>
    /// Hands all replies to the client and waits for more input. False when the session is over: the client left, was too slow, or
    /// the server stops and no message is under way.
    /// </summary>
    public async ValueTask<bool> FillAsync(bool inMessage = false)
    {
        await Writer.FlushAsync(Aborted);
        var started = Services.Time.GetTimestamp();
        var surely = false;
        while (true)
        {
            // Unless a message is on its way in: its literal is to be taken first.
            var watch = inMessage ? null : Watch;
            if (watch is not null)
            {
                var buffered = Lines.Buffer.Length;
                await TellListenerAsync(watch, surely);
                if (_ended || Lines.Buffer.Length > buffered)
                {
                    // A long FETCH of new messages looks for input, too.
                    return !_ended;
                }
            }

            var left = Timeout(inMessage) - (watch is null ? TimeSpan.Zero : Services.Time.GetElapsedTime(started));
            var poll = watch is not null && Options.PollInterval < left;
            switch (await FillLinesAsync(poll ? Options.PollInterval : left > TimeSpan.Zero ? left : TimeSpan.Zero))
            {
                case FillResult.Data:
                    return true;
                case FillResult.Completed:
                    return false;
                case FillResult.TimedOut when poll:
                    surely = true;
                    break;
                case FillResult.TimedOut:
                    Log.Idle(Connection.Id);
                    Bye(IsLoggedIn ? "Idle for too long" : "Too slow to log in");
                    return false;
                case FillResult.Interrupted when IsStopping && !inMessage:
                    Bye("The server is shutting down");
                    return false;
                default:
                    surely = false;
                    break;
            }
        }
    }

    /// <summary>As <see cref="LineFramer.FillAsync"/>, without a flush.</summary>
    public async ValueTask<FillResult> FillLinesAsync(TimeSpan timeout)
    {
        try
        {
            return await Lines.FillAsync(timeout);
        }
        catch
        {
            _inputLost = true;
            throw;
        }
    }

    /// <summary>
    /// Between the pieces of long work that writes nothing: lets others have the thread, and ends the work when the client has gone.
    /// </summary>
    /// <exception cref="IOException">It has.</exception>
    public async ValueTask BreatheAsync()
    {
        await Task.Yield();
        Aborted.ThrowIfCancellationRequested();
        if (!Lines.Buffer.IsEmpty)
        {
            // A read would take the next command out of sight until more comes.
            return;
        }

        Lines.Interrupt();
        var result = await FillLinesAsync(System.Threading.Timeout.InfiniteTimeSpan);
        if (result == FillResult.Completed)
        {
            _inputLost = true;
            throw new IOException("The client left in the middle of a command.");
        }

        if (IsStopping)
        {
            // Ours may have swallowed the one that tells so.
            Lines.Interrupt();
        }
    }

    private TimeSpan Timeout(bool inMessage)
    {
        if (!IsLoggedIn)
        {
            var left = LoginTimeLeft();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        return inMessage || Framer.IsInCommand ? Options.CommandTimeout : Options.IdleTimeout;
    }

    private TimeSpan LoginTimeLeft() => Options.LoginTimeout - Services.Time.GetElapsedTime(_started);
}
