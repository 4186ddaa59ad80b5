using MailCore.Imap.Notify;

namespace MailCore.Imap;

internal sealed partial class ImapSession
{
    /// <summary>What NOTIFY has asked for; null when it was never used.</summary>
    public MailboxWatch? Watch { get; private set; }

    /// <summary>Listens to this instead of what was listened to before.</summary>
    public void StartWatch(MailboxWatch? watch)
    {
        Watch?.Dispose();
        Watch = watch;
        WakeSelection();
    }

    /// <summary>A client that listens to the selected mailbox is told of changes between commands too.</summary>
    public void WakeSelection() => Selection?.WakeOnHint(Watch is { Rules.Selected: not NotifyEvents.None } ? Lines.Interrupt : null);

    /// <summary>Tells what has changed in the selected mailbox, and in others as NOTIFY asked. False when the former is gone.</summary>
    public async ValueTask<bool> TellAsync(bool mayExpunge, bool surely = false)
    {
        if (Selection is { } selection && !await selection.SyncUnaskedAsync(mayExpunge, surely))
        {
            return false;
        }

        if (Watch is not null)
        {
            await Watch.TellAsync(surely);
        }

        return true;
    }

    private async ValueTask TellOrLeaveAsync(bool mayExpunge, bool surely = false)
    {
        if (!await TellAsync(mayExpunge, surely))
        {
            Bye(MailboxGone);
        }
    }

    // Between commands. What can't be told now is told at the next poll, or at the end of the next command.
    private async ValueTask TellListenerAsync(MailboxWatch watch, bool surely)
    {
        try
        {
            await TellOrLeaveAsync(mayExpunge: !watch.Rules.DelaysExpunges, surely);
        }
        catch (Exception error) when (!IsConnectionLost)
        {
            Log.CommandFailed(error, Connection.Id, nameof(MailboxWatch));
            if (!Writer.IsAtLineStart)
            {
                throw new IOException("A response could not be finished.", error);
            }
        }

        await Writer.FlushAsync(Aborted);
    }
}
