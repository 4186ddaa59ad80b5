using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>
/// RFC 3501 6.3.3, with USE (RFC 6154 5) and MAILBOXID (RFC 8474 4.1). Levels above need not be there: LIST shows them as they are
/// used. A mailbox made below another inherits its access control list.
/// </summary>
internal sealed class CreateCommand(MailboxName name, List<string> uses) : ImapCommand
{
    // RFC 6154 2. \All and \Flagged are views over other mailboxes, which no store here keeps.
    private static readonly string[] Uses = ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"];

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox(mayEndInSeparator: true);
        var uses = new List<string>();
        if (reader.TrySpace())
        {
            Parameters(ref reader, uses);
        }

        reader.End();
        return new CreateCommand(name, uses);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var vacancy = await session.FindVacancyAsync(name);
        if (vacancy.Account is not { } account)
        {
            return vacancy.Refusal;
        }

        if (uses.Count > 1)
        {
            return ImapReply.No("A mailbox has one use", "USEATTR");
        }

        var use = uses.Count == 0 ? null : Array.Find(Uses, known => known.Equals(uses[0], StringComparison.OrdinalIgnoreCase));
        if (uses.Count == 1 && use is null)
        {
            return ImapReply.No("Mailboxes of this use can't be made", "USEATTR");
        }

        if (use is not null && account != session.Account)
        {
            return ImapReply.No("Only mailboxes of one's own have uses", "USEATTR");
        }

        if (use is not null && (await session.Account.SnapshotAsync(session.Aborted)).Mailboxes.Any(info => info.SpecialUse == use))
        {
            return ImapReply.No("There is a mailbox of this use", "USEATTR");
        }

        var result = await account.CreateMailboxAsync(vacancy.Name, use, session.Aborted);
        if (result.Mailbox is not { } made)
        {
            return await session.RefuseNameAsync(result.Error, name);
        }

        session.Watch?.NoteOwn(name);
        if (vacancy.Acl.Count > 0 && session.Services.HasAcl)
        {
            // Until then it is its owner's alone.
            await account.CommitAsync([.. vacancy.Acl.Select(entry => new SetAcl(made.Id, entry.Identifier, FlagMode.Replace, entry.Rights))], session.Aborted);
        }

        return ImapReply.Ok("Created", $"MAILBOXID ({made.Id})");
    }

    private static void Parameters(ref ImapReader reader, List<string> uses)
    {
        reader.OpenList();
        do
        {
            var start = reader.Position;
            if (!Ascii.EqualsIgnoreCase(reader.Word(), "USE"u8))
            {
                reader.Fail("there is no such parameter", start);
            }

            reader.Space();
            reader.OpenList();
            if (reader.Failed || reader.TryCloseList())
            {
                continue;
            }

            do
            {
                uses.Add(reader.UseAttribute());
            }
            while (!reader.Failed && reader.NextElement());
        }
        while (!reader.Failed && reader.NextElement());
    }
}
