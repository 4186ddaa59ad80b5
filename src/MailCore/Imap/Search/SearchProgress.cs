namespace MailCore.Imap.Search;

/// <summary>How far a search of several mailboxes is.</summary>
/// <param name="Progress">Tells the client.</param>
/// <param name="Before">Messages of the mailboxes before this one.</param>
/// <param name="Total">Messages of all of them; those searched here when 0.</param>
internal readonly record struct SearchProgress(CommandProgress Progress, long Before, long Total)
{
    /// <summary>Says how far it is, if it is time to.</summary>
    public ValueTask TellAsync(long done) => Progress.TellAsync(Before + done, Total);
}
