using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Which messages hold some words, as IMAP's SEARCH TEXT has it.</summary>
internal static class MessageSearch
{
    /// <summary>By the store's index, those that may hold all of them; null when it can't tell.</summary>
    public static async ValueTask<UidSet?> FindCandidatesAsync(Mailbox mailbox, IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        foreach (var word in words)
        {
            // One word narrows enough: each message found is looked into for all.
            if (await mailbox.FindCandidatesAsync(word, MessageTextScope.Message, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public static ValueTask<bool> HoldsAllAsync(InboxMessage message, IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        words.Count == 0 ? ValueTask.FromResult(true) : Imap.MessageTextSearch.HoldsAllAsync(message.Mailbox, message.Details, words, cancellationToken);
}
