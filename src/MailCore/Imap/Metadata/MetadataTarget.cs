using MailCore.Authentication;
using MailCore.Imap.Extensions;
using MailCore.Storage;

namespace MailCore.Imap.Metadata;

/// <summary>
/// What annotations are of: a mailbox, or the server, whose stored ones are those of the user's own account.
/// </summary>
/// <param name="Mailbox">Null for the server.</param>
/// <param name="Info">Of the mailbox.</param>
/// <param name="Rights">Of the user on the mailbox; all on the server.</param>
internal sealed record MetadataTarget(Mailbox? Mailbox, MailboxInfo? Info, MailboxRights Rights)
{
    public static MetadataTarget Server { get; } = new(null, null, MailboxRights.All);

    /// <summary>How responses name it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The target of a command, or the answer where there is none for this user.</summary>
    public static async ValueTask<(MetadataTarget? Target, ImapReply Refusal)> FindAsync(ImapSession session, MailboxName? name)
    {
        if (name is not { } known)
        {
            return (Server, default);
        }

        var access = await session.FindMailboxAsync(known, MailboxOperation.Lookup);
        if (access.Mailbox is not { } mailbox)
        {
            return (null, access.Refusal);
        }

        if (!session.Services.Accounts.Traits.HasFlag(StoreTraits.Metadata))
        {
            return (null, ImapReply.Rejected(CommitError.NotSupported));
        }

        if (!MailboxPermissions.Allows(access.Rights, MailboxOperation.ReadMetadata))
        {
            return (null, ImapReply.Rejected(CommitError.NoPermission));
        }

        return await mailbox.GetInfoAsync(session.Aborted) is { } info
            ? (new MetadataTarget(mailbox, info, access.Rights) { Name = known.Value }, default)
            : (null, ImapReply.Rejected(CommitError.NoMailbox));
    }

    /// <summary>Private entries are the owner's: there is one value of each, and it is kept with the mailbox.</summary>
    public bool HasPrivate(ImapSession session) => Mailbox is null || Mailbox.Account.Id == session.Account.Id;

    /// <summary>All entries that may be told, at, above or below the names or elsewhere, in ordinal order.</summary>
    public async ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapSession session, IReadOnlyList<string> names)
    {
        var stored = Mailbox is null ? await session.Account.ReadMetadataAsync(session.Aborted) : await Mailbox.ReadMetadataAsync(session.Aborted);
        var context = new ImapMetadataContext(session.Identity!, Mailbox?.Account.Id ?? session.Account.Id, Info);
        var all = await session.Metadata.CompleteAsync(stored, names, context, session.Aborted);
        return HasPrivate(session) ? all : [.. all.Where(static entry => !IsPrivate(entry.Entry))];
    }

    public static bool IsPrivate(string entry) => entry.StartsWith("/private/", StringComparison.Ordinal);
}
