namespace MailCore.Storage;

/// <summary>What a commit touched, so that nobody else need be woken.</summary>
/// <param name="ModSeq">Of the commit.</param>
/// <param name="Mailboxes">Those of which messages or attributes changed; null when that is not known: it may be any.</param>
/// <param name="HasStructure">
/// A mailbox was made, renamed, deleted or shared with others, or a subscription or the account's own metadata changed, or that is not
/// known.
/// </param>
public readonly record struct ChangeHint(ModSeq ModSeq, IReadOnlyList<MailboxId>? Mailboxes = null, bool HasStructure = true)
{
    internal static ChangeHint Of(ChangeBatch batch, CommitResult result, ModSeq modSeq)
    {
        var hasStructure = false;
        var mailboxes = new List<MailboxId>(1);
        for (var i = 0; i < batch.Changes.Count && i < result.Changes.Count; i++)
        {
            switch (batch.Changes[i])
            {
                case RenameMailbox:
                    // With all that is below it.
                    return new ChangeHint(modSeq);
                case Subscribe or SetMetadata { Mailbox: null }:
                    hasStructure = true;
                    continue;
                case SetQuota:
                    continue;
                case CreateMailbox or DeleteMailbox or SetAcl:
                    hasStructure = true;
                    break;
                case Copy { Move: true } move:
                    Add(mailboxes, move.From);
                    break;
            }

            if (string.IsNullOrEmpty(result.Changes[i].Mailbox.Value))
            {
                // A store that does not say.
                return new ChangeHint(modSeq);
            }

            Add(mailboxes, result.Changes[i].Mailbox);
        }

        return new ChangeHint(modSeq, mailboxes, hasStructure);
    }

    private static void Add(List<MailboxId> mailboxes, MailboxId mailbox)
    {
        if (!mailboxes.Contains(mailbox))
        {
            mailboxes.Add(mailbox);
        }
    }
}
