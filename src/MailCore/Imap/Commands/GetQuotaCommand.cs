using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 9208 4.1.1.</summary>
internal sealed class GetQuotaCommand(string root) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var root = reader.Text();
        reader.End();
        return new GetQuotaCommand(root);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.Accounts.Traits.HasFlag(StoreTraits.Quota))
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        if (await QuotaResponse.FindAsync(session, root) is not { } account)
        {
            return ImapReply.No("There is no such quota root", "NONEXISTENT");
        }

        await QuotaResponse.WriteAsync(session, account);
        return ImapReply.Ok("That is the quota");
    }
}
