namespace MailCore.Imap;

/// <summary>
/// Tells the client of a command that takes long how far it is (RFC 9585): once an interval, the first time an interval after this
/// was made, and only between responses.
/// </summary>
internal sealed class CommandProgress(ImapSession session)
{
    private readonly TimeProvider _time = session.Services.Time;
    private readonly TimeSpan _interval = session.Options.ProgressInterval;
    private long _lastTold = session.Services.Time.GetTimestamp();
    private long _done;

    private bool IsWanted => _interval >= TimeSpan.Zero;

    /// <summary>Says that <paramref name="done"/> messages of <paramref name="total"/> are done, if it is time to.</summary>
    public ValueTask TellAsync(long done, long total)
    {
        // RFC 9585 4: it should never go back.
        _done = Math.Max(_done, done);
        if (!IsWanted || _done >= total || !session.Writer.IsAtLineStart || _time.GetElapsedTime(_lastTold) < _interval)
        {
            return ValueTask.CompletedTask;
        }

        return WriteAsync(_done, total);
    }

    /// <summary>Waits for a step of the store's that can't tell how far it is: the client is told only that it goes on.</summary>
    public async ValueTask<T> WhileAsync<T>(ValueTask<T> step)
    {
        if (step.IsCompleted || !IsWanted)
        {
            return await step;
        }

        var task = step.AsTask();
        Task end = task;
        try
        {
            // Zero would leave the store no time at all, and a timer knows no more than some weeks.
            var interval = TimeSpan.FromSeconds(Math.Clamp(_interval.TotalSeconds, 1, 24 * 60 * 60));
            await end.WaitAsync(interval, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (!end.IsCompleted)
            {
                await WriteAsync(null, null);
                await end.WaitAsync(interval, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            // Also when the client has gone: nothing of the session outlives it.
            await end.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await task;
    }

    private ValueTask WriteAsync(long? done, long? total)
    {
        _lastTold = _time.GetTimestamp();
        var writer = session.Writer.Raw("* OK [INPROGRESS"u8);
        // RFC 9585 4: this octet would end the code.
        if (!session.Tag.Span.Contains((byte)']'))
        {
            writer.Raw(" (\""u8).Raw(session.Tag.Span).Raw("\" "u8);
            _ = done is { } counted ? writer.Number(counted) : writer.Nil();
            writer.Raw(" "u8);
            _ = total is { } goal ? writer.Number(goal) : writer.Nil();
            writer.Raw(")"u8);
        }

        writer.Raw("] Still at work"u8).Line();
        return writer.FlushAsync(session.Aborted);
    }
}
