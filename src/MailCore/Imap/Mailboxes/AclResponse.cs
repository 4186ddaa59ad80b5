using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>The responses of RFC 4314 3.</summary>
internal static class AclResponse
{
    /// <summary>"* MYRIGHTS mailbox rights".</summary>
    public static void WriteMyRights(ImapWriter writer, string name, MailboxRights rights) =>
        writer.Raw("* MYRIGHTS "u8).Mailbox(name).Raw(" "u8).Astring(RightsText.FormatForClients(rights)).Line();

    /// <summary>"* ACL mailbox", the owner, who is in no list, and the list.</summary>
    public static void WriteAcl(ImapWriter writer, string name, AccountId owner, IReadOnlyList<AclEntry> acl)
    {
        writer.Raw("* ACL "u8).Mailbox(name).Raw(" "u8).Astring(owner.Value.ToLowerInvariant()).Raw(" "u8).Raw(RightsText.FormatForClients(MailboxRights.All));
        foreach (var (identifier, rights) in acl)
        {
            writer.Raw(" "u8).Astring(identifier).Raw(" "u8).Astring(RightsText.FormatForClients(RightsText.ParseKnown(rights)));
        }

        writer.Line();
    }

    /// <summary>"* LISTRIGHTS mailbox identifier", what is always granted, and what can be, each right by itself.</summary>
    public static void WriteListRights(ImapWriter writer, string name, string identifier, bool isOwner)
    {
        writer.Raw("* LISTRIGHTS "u8).Mailbox(name).Raw(" "u8).Astring(identifier);
        if (isOwner)
        {
            writer.Raw(" "u8).Raw(RightsText.FormatForClients(MailboxRights.All)).Line();
            return;
        }

        writer.Raw(" \"\""u8);
        foreach (var (letter, _) in RightsText.Each)
        {
            writer.Raw(" "u8).Raw(letter.ToString());
        }

        writer.Raw(" c d"u8).Line();
    }
}
