using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.11. The message streams from the client into the store.</summary>
internal sealed class AppendCommand(MailboxName name, FlagList flags, DateTimeOffset? date) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        var (flags, date) = Options(ref reader);
        reader.End();
        return new AppendCommand(name, flags, date);
    }

    /// <summary>
    /// Whether a command, cut before a literal's header, is an APPEND past the mailbox's name: then the literal is its message,
    /// whatever stands between.
    /// </summary>
    public static bool EndsBeforeMessage(ReadOnlySpan<byte> command)
    {
        var reader = new ImapReader(command, maxDepth: 1);
        reader.Tag();
        reader.Space();
        if (!Ascii.EqualsIgnoreCase(reader.Atom(), "APPEND"u8))
        {
            return false;
        }

        reader.Space();
        reader.Astring();
        reader.Space();
        return !reader.Failed;
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var message = session.Framer.MessageHeader;
        if (message.Start == 0)
        {
            return ImapReply.Bad("A literal with the message expected");
        }

        if (message.Size > session.Options.MaxMessageSize)
        {
            return ImapReply.No("The message is too large", "TOOBIG");
        }

        if (await session.Account.FindMailboxAsync(name, session.Aborted) is not { } mailbox)
        {
            return ImapReply.Rejected(CommitError.NoMailbox, "TRYCREATE");
        }

        if (message.Synchronizing)
        {
            session.Writer.Raw("+ Send it\r\n"u8);
        }

        await using var staged = await ReceiveAsync(session, message.Size);
        switch (await session.ReadTailAsync())
        {
            case null:
                return ImapReply.None;
            case not []:
                return ImapReply.Bad("The end of the command expected behind the message");
        }

        var options = new AppendOptions { Flags = flags.Flags, Keywords = flags.Keywords, InternalDate = date };
        var result = await mailbox.AppendAsync([new MessageToAppend(staged, options)], session.Aborted);
        return result.Succeeded
            ? ImapReply.Ok("Appended", $"APPENDUID {result.UidValidity} {result.Uids[0]}")
            : ImapReply.Rejected(result.Error, "TRYCREATE");
    }

    private static (FlagList Flags, DateTimeOffset? Date) Options(ref ImapReader reader)
    {
        reader.Space();
        var flags = FlagList.Empty;
        if (reader.TryOpenList())
        {
            flags = reader.RestOfFlagList();
            reader.Space();
        }

        if (!reader.NextIs((byte)'"'))
        {
            return (flags, null);
        }

        var date = reader.DateTime();
        reader.Space();
        return (flags, date);
    }

    private static async ValueTask<StagedMessage> ReceiveAsync(ImapSession session, uint size)
    {
        var literal = new LiteralPipeReader(session.Lines, size, () => session.FillAsync(inMessage: true));
        try
        {
            return await session.Services.Accounts.StageAsync(literal, new StageHint(size, [session.Account.Id]), session.Aborted);
        }
        catch when (!session.IsConnectionLost)
        {
            // The dialog goes on behind the message.
            await session.SkipMessageAsync(literal.Left);
            throw;
        }
    }
}
