using MailCore.Imap.Search;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.4.</summary>
internal sealed class SearchCommand(SearchKey key, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!SearchPlan.TryMake(key, session.Selection!.Messages, out var plan))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        if (plan.NamesModSeq)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        var highest = default(ModSeq);
        session.Writer.Raw("* SEARCH"u8);
        await new SearchRun(session, plan).RunAsync(async message =>
        {
            highest = message.ModSeq > highest ? message.ModSeq : highest;
            session.Writer.Raw(" "u8).Number(areUids ? message.Uid.Value : message.Sequence);
            if (session.Writer.WantsFlush)
            {
                await session.Writer.FlushAsync(session.Aborted);
            }
        });
        if (plan.NamesModSeq && highest.Value > 0)
        {
            // RFC 7162 3.1.6.
            session.Writer.Raw(" (MODSEQ "u8).Number(highest.Value).Raw(")"u8);
        }

        session.Writer.Line();
        return ImapReply.Ok("Searched");
    }

    private static SearchCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var key = reader.SearchCriteria();
        reader.End();
        return new SearchCommand(key, areUids);
    }
}
