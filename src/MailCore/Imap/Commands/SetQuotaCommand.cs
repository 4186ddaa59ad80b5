using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 9208 4.1.3: limits that are not named are lifted.</summary>
internal sealed class SetQuotaCommand(string root, QuotaLimits limits) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var root = reader.Text();
        reader.Space();
        var limits = reader.QuotaLimits();
        reader.End();
        return new SetQuotaCommand(root, limits);
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

        if (!session.Services.Authorization.MaySetQuota(session.Identity!, account.Id))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        var result = await account.SetQuotaAsync(limits.Storage * QuotaResponse.StorageUnit, limits.Messages, session.Aborted);
        if (!result.Succeeded)
        {
            return ImapReply.Rejected(result.Error);
        }

        await QuotaResponse.WriteAsync(session, account);
        return ImapReply.Ok("The quota is set");
    }
}
