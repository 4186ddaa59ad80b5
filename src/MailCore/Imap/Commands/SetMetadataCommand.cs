using MailCore.Authentication;
using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5464 4.3: all of the entries or none.</summary>
internal sealed class SetMetadataCommand(MailboxName? name, List<(string Entry, byte[]? Value)> values) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.MailboxOrServer();
        reader.Space();
        var values = reader.MetadataValues();
        reader.End();
        return new SetMetadataCommand(name, values);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var (target, refusal) = await MetadataTarget.FindAsync(session, name);
        if (target is null)
        {
            return refusal;
        }

        foreach (var (entry, value) in values)
        {
            if (Check(session, target, entry, value) is { } answer)
            {
                return answer;
            }
        }

        var result = target.Mailbox is { } mailbox
            ? await mailbox.SetMetadataAsync(values, session.Aborted)
            : await session.Account.SetMetadataAsync(values, session.Aborted);
        if (result.Succeeded)
        {
            session.Watch?.NoteOwn(target.Mailbox, values);
        }

        return result.Succeeded ? ImapReply.Ok("The metadata is set")
            : result.Error == CommitError.TooMany ? ImapReply.No("There are too many entries", "METADATA TOOMANY")
            : ImapReply.Rejected(result.Error);
    }

    private static ImapReply? Check(ImapSession session, MetadataTarget target, string entry, byte[]? value)
    {
        if (value?.Length > StorageLimits.MetadataOctets)
        {
            return ImapReply.No("The value is too long", $"METADATA MAXSIZE {StorageLimits.MetadataOctets}");
        }

        if (MetadataTarget.IsPrivate(entry) && !target.HasPrivate(session))
        {
            return ImapReply.No("Only the owner has private entries here", "METADATA NOPRIVATE");
        }

        var mayWrite = MetadataTarget.IsPrivate(entry) || MailboxPermissions.Allows(target.Rights, MailboxOperation.WriteMetadata);
        return !mayWrite || session.Metadata.IsReadOnly(entry, ofServer: target.Mailbox is null) ? ImapReply.Rejected(CommitError.NoPermission) : null;
    }
}
