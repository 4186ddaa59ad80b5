using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5464 4.2. The options stand before the mailbox, as in its grammar, or behind it, as in its examples.</summary>
internal sealed class GetMetadataCommand(MailboxName? name, List<string> entries, MetadataOptions options) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var options = default(MetadataOptions);
        if (reader.NextIsOptions())
        {
            options = reader.MetadataOptions();
            reader.Space();
        }

        var name = reader.MailboxOrServer();
        reader.Space();
        if (reader.NextIsOptions())
        {
            options = reader.MetadataOptions();
            reader.Space();
        }

        var entries = reader.MetadataEntries();
        reader.End();
        return new GetMetadataCommand(name, entries, options);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var (target, refusal) = await MetadataTarget.FindAsync(session, name);
        if (target is null)
        {
            return refusal;
        }

        var longest = await MetadataResponse.WriteAsync(session, target, entries, options);
        return longest == 0 ? ImapReply.Ok("That is the metadata") : ImapReply.Ok("Some of it was too long", $"METADATA LONGENTRIES {longest}");
    }
}
