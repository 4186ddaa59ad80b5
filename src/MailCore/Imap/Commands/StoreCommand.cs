using System.Text;
using MailCore.Authentication;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>How STORE alters flags.</summary>
/// <param name="Mode">How.</param>
/// <param name="IsSilent">The client reckons the new flags itself.</param>
/// <param name="Flags">Which.</param>
/// <param name="UnchangedSince">Messages changed after this one are left alone (RFC 7162 3.1.3); null for none.</param>
internal sealed record FlagStore(FlagMode Mode, bool IsSilent, FlagList Flags, ModSeq? UnchangedSince);

/// <summary>RFC 3501 6.4.6, with UNCHANGEDSINCE (RFC 7162 3.1.3).</summary>
internal sealed class StoreCommand(NumberSet numbers, FlagStore store, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (store.UnchangedSince is not null)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        if (selection.IsReadOnly)
        {
            return ImapReply.No("The mailbox is open to read only", "READ-ONLY");
        }

        // Replacing takes away too, and so needs all of them.
        if (store.Mode == FlagMode.Replace
            ? !selection.Allows(MailboxOperation.ReplaceFlags)
            : !selection.AllowsFlags(store.Flags))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
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

        var note = session.MessageLimit.Cut(ref set, selection.Messages.Numbers);
        var uids = selection.Messages.UidsOf(set, out var departed);
        var modified = "";
        if (uids.Length > 0)
        {
            var change = new FlagChange(store.Mode, store.Flags.Flags) { Keywords = store.Flags.Keywords, UnchangedSince = store.UnchangedSince };
            var result = await new CommandProgress(session).WhileAsync(selection.Mailbox.SetFlagsAsync(uids, change, session.Aborted));
            if (!result.Succeeded)
            {
                return ImapReply.Rejected(result.Error);
            }

            if (result.Refused.Count > 0)
            {
                modified = Modified(selection, result.Refused);
                uids = [.. uids.Except(result.Refused)];
            }

            departed += await ReportAsync(session, selection, uids, isDescending: note.IsCut);
        }

        return note.Amend(Reply(modified, departed > 0 && !areUids && !numbers.IsSaved), session.Writer);
    }

    private static ImapReply Reply(string modified, bool someDeparted) => (modified.Length > 0, someDeparted) switch
    {
        (true, false) => ImapReply.Ok("Stored where nothing had changed", $"MODIFIED {modified}"),
        (true, true) => ImapReply.No("Some of the messages had changed, some were expunged", $"MODIFIED {modified}"),
        (false, true) => ImapReply.No("Some of the messages were expunged", "EXPUNGEISSUED"),
        _ => ImapReply.Ok("Stored"),
    };

    private static StoreCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var unchangedSince = reader.UnchangedSince();
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
        return new StoreCommand(numbers, new FlagStore(mode, isSilent, flags, unchangedSince), areUids);
    }

    // In the client's terms: message numbers for STORE, UIDs for UID STORE.
    private string Modified(ImapSelection selection, IReadOnlyList<Uid> refused) => areUids
        ? UidSet.From(refused).ToString()
        : UidSet.From(refused.Select(uid => new Uid((uint)selection.Messages.Numbers.SequenceOf(uid)))).ToString();

    // Counts the messages that are gone. A ModSeq alone says that the flags are as the client reckons: it comes before the flags of
    // messages that others have changed meanwhile.
    private async ValueTask<int> ReportAsync(ImapSession session, ImapSelection selection, Uid[] uids, bool isDescending)
    {
        await selection.RefreshAsync(session.Aborted);
        var latest = selection.Latest;
        var own = new OwnChange(uids, store.Mode, Bits(latest.Info.Keywords), store.IsSilent);
        Uid[] inOrder = isDescending ? [.. uids.AsEnumerable().Reverse()] : uids;
        if (!store.IsSilent)
        {
            await selection.SyncAsync(session, MayExpunge, own);
            return await ReportOwnAsync(session, selection, latest, inOrder);
        }

        var gone = await ReportOwnAsync(session, selection, latest, inOrder);
        await selection.SyncAsync(session, MayExpunge, own);
        return gone;
    }

    private async ValueTask<int> ReportOwnAsync(ImapSession session, ImapSelection selection, MailboxViewState latest, Uid[] uids)
    {
        var isTold = !store.IsSilent || session.Has(ImapFeatures.CondStore);
        var gone = 0;
        foreach (var uid in uids)
        {
            // From the newest rows, which the numbering may not have caught up with.
            var rank = latest.IndexOf(uid);
            if (rank < 0)
            {
                gone++;
            }
            else if (isTold && selection.Messages.Numbers.SequenceOf(uid) is var sequence and > 0)
            {
                Report(session, selection, new NumberedMessage(sequence, latest[rank], isDeparted: false));
                if (session.Writer.WantsFlush)
                {
                    await session.Writer.FlushAsync(session.Aborted);
                }
            }
        }

        return gone;
    }

    private void Report(ImapSession session, ImapSelection selection, NumberedMessage message)
    {
        if (store.IsSilent)
        {
            selection.WriteModSeq(session.Writer, message, withUid: areUids);
        }
        else
        {
            selection.WriteFlags(session.Writer, message, withUid: areUids);
        }
    }

    private ulong Bits(IReadOnlyList<string> known)
    {
        var bits = (ulong)store.Flags.Flags;
        for (var i = 0; i < known.Count; i++)
        {
            if (store.Flags.Keywords.Contains(known[i], StringComparer.OrdinalIgnoreCase))
            {
                bits |= 1UL << (8 + i);
            }
        }

        return bits;
    }
}
