using MailCore.Imap.Search;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>The search of SORT and THREAD.</summary>
internal static class FoundMessages
{
    /// <summary>Shows a scan each message that matches; without a plan the command is refused.</summary>
    public static async ValueTask<(SearchPlan? Plan, ImapReply Refusal)> ScanAsync(ImapSession session, SearchReturnOptions options, SearchKey key, MessageScan scan)
    {
        var selection = session.Selection!;
        (key, var refusal) = await SearchPreparation.RunAsync(session, options, key);
        if (refusal is { } refused)
        {
            return (null, refused);
        }

        if (!SearchPlan.TryMake(key, selection.Messages, cutsNumbers: false, out var plan))
        {
            return (null, ImapReply.Bad("There is no message of this number"));
        }

        // RFC 9738 3.3: the order of some says nothing of that of all.
        if (!session.MessageLimit.Allows(plan.ScopeIn(selection.Messages).Count))
        {
            return (null, session.MessageLimit.Refusal());
        }

        if (plan.NamesModSeq)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        if (options.Has(SearchReturn.Save))
        {
            // RFC 5182 2.1: a search that fails leaves nothing.
            selection.Messages.Saved = UidSet.Empty;
        }

        await new SearchRun(session, selection.Mailbox, selection.Messages, plan).RunAsync(scan);
        await scan.EndAsync();
        return (plan, default);
    }
}
