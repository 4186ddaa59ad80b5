using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp;

/// <summary>A message of which some chunks have come: it is being staged while the session goes on reading commands.</summary>
internal sealed class ChunkedMessage
{
    private readonly SmtpSession _session;

    private readonly Task<StagedMessage?> _staging;
    private bool _hasEnded;

    public ChunkedMessage(SmtpSession session, ChunkedBodyReader body)
    {
        (_session, Body) = (session, body);
        _staging = StageAsync();
    }

    public ChunkedBodyReader Body { get; }

    /// <summary>After the last chunk; null when the staging failed. What is returned is the caller's.</summary>
    public Task<StagedMessage?> EndAsync()
    {
        _hasEnded = true;
        Body.End();
        return _staging;
    }

    /// <summary>Gives up what has not ended: a transaction ended before its message.</summary>
    public void Abandon()
    {
        if (_hasEnded)
        {
            return;
        }

        Body.Abandon();
        _ = DropAsync();
    }

    private async Task<StagedMessage?> StageAsync()
    {
        try
        {
            return await MessageIntake.StageAsync(_session, Body).ConfigureAwait(false);
        }
        finally
        {
            // The session's writes must not wait for a stager that is gone.
            await Body.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task DropAsync()
    {
        try
        {
            if (await _staging.ConfigureAwait(false) is { } staged)
            {
                await staged.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // It was broken off, and that is what the exception says.
        }
    }
}
