using System.Text;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.4.6.</summary>
internal sealed class StoreCommand(NumberSet numbers, FlagMode mode, bool isSilent, FlagList flags, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (selection.IsReadOnly)
        {
            return ImapReply.No("The mailbox is open to read only", "READ-ONLY");
        }

        // What has departed is to be refused, if its numbers are used.
        if (!await selection.SyncAsync(session, mayExpunge: false))
        {
            return ImapReply.Rejected(CommitError.NoMailbox);
        }

        if (!selection.Messages.TryResolve(numbers, areUids, out var set))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        var uids = selection.Messages.UidsOf(set, out var departed);
        if (uids.Length > 0)
        {
            var result = await selection.Mailbox.SetFlagsAsync(uids, new FlagChange(mode, flags.Flags) { Keywords = flags.Keywords }, session.Aborted);
            if (!result.Succeeded)
            {
                return ImapReply.Rejected(result.Error);
            }

            departed += await ReportAsync(session, selection, uids);
        }

        return departed > 0 && !areUids ? ImapReply.No("Some of the messages were expunged", "EXPUNGEISSUED") : ImapReply.Ok("Stored");
    }

    private static StoreCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var mode = reader.TryByte((byte)'+') ? FlagMode.Add : reader.TryByte((byte)'-') ? FlagMode.Remove : FlagMode.Replace;
        var item = reader.Word();
        var isSilent = Ascii.EqualsIgnoreCase(item, "FLAGS.SILENT"u8);
        if (!isSilent && !Ascii.EqualsIgnoreCase(item, "FLAGS"u8))
        {
            reader.Fail("FLAGS or FLAGS.SILENT expected");
        }

        reader.Space();
        var flags = reader.FlagsOrList();
        reader.End();
        return new StoreCommand(numbers, mode, isSilent, flags, areUids);
    }

    // Counts the messages that are gone.
    private async ValueTask<int> ReportAsync(ImapSession session, ImapSelection selection, Uid[] uids)
    {
        await selection.RefreshAsync(session.Aborted);
        var latest = selection.Latest;
        await selection.SyncAsync(session, MayExpunge, new OwnChange(uids, mode, Bits(latest.Info.Keywords), isSilent));
        var gone = 0;
        foreach (var uid in uids)
        {
            // From the newest rows, which the numbering may not have caught up with.
            var rank = latest.IndexOf(uid);
            if (rank < 0)
            {
                gone++;
            }
            else if (!isSilent && selection.Messages.Numbers.SequenceOf(uid) is var sequence and > 0)
            {
                var row = latest[rank];
                selection.WriteFlags(session.Writer, new NumberedMessage(sequence, uid, row.FlagWord, row.Size, IsDeparted: false), withUid: areUids);
                if (session.Writer.WantsFlush)
                {
                    await session.Writer.FlushAsync(session.Aborted);
                }
            }
        }

        return gone;
    }

    private ulong Bits(IReadOnlyList<string> known)
    {
        var bits = (ulong)flags.Flags;
        for (var i = 0; i < known.Count; i++)
        {
            if (flags.Keywords.Contains(known[i], StringComparer.OrdinalIgnoreCase))
            {
                bits |= 1UL << (8 + i);
            }
        }

        return bits;
    }
}
