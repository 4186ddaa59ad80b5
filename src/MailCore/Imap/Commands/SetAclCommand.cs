using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>SETACL and DELETEACL (RFC 4314 3.1, 3.2).</summary>
internal sealed class SetAclCommand(MailboxName name, string identifier, FlagMode mode, MailboxRights rights) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.Space();
        var identifier = reader.AclIdentifier();
        reader.Space();
        var (mode, rights) = reader.RightsChange();
        reader.End();
        return new SetAclCommand(name, identifier, mode, rights);
    }

    public static ImapCommand ParseDelete(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.Space();
        var identifier = reader.AclIdentifier();
        reader.End();
        return new SetAclCommand(name, identifier, FlagMode.Replace, MailboxRights.None);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.HasAcl)
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        var access = await session.FindMailboxAsync(name, MailboxOperation.Administer);
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        if (identifier.TrimStart('-').Equals(mailbox.Account.Id.Value, StringComparison.OrdinalIgnoreCase))
        {
            return ImapReply.No("The owner has all rights always", "CANNOT");
        }

        var result = await mailbox.SetAclAsync(identifier, mode, RightsText.Format(rights), session.Aborted);
        return result.Error switch
        {
            CommitError.None => ImapReply.Ok("The rights are set"),
            CommitError.TooMany => ImapReply.No("The list has too many identifiers", "LIMIT"),
            var error => ImapReply.Rejected(error),
        };
    }
}
