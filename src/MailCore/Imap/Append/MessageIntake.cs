using System.Text;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>
/// Streams the messages of APPEND (RFC 3501 6.3.11, RFC 3502) and REPLACE (RFC 8508) from the client into the store's staging. What
/// it has taken and nothing committed is dropped with it.
/// </summary>
/// <param name="session">Has a command before it that ends before a message.</param>
/// <param name="target">The mailbox that takes them.</param>
/// <param name="freed">Octets that the command itself gives back to the quota.</param>
internal sealed class MessageIntake(ImapSession session, MailboxAccess target, long freed = 0) : IAsyncDisposable
{
    // Below this the store's own check at the commit is early enough.
    private const long UncheckedOctets = 1024 * 1024;

    private readonly List<MessageToAppend> _messages = [];
    private long _octets;

    public IReadOnlyList<MessageToAppend> Messages => _messages;

    /// <summary>
    /// Whether a command, cut before a literal's header, has come as far as its message: then the literal is that, whatever stands
    /// between.
    /// </summary>
    public static bool EndsBeforeMessage(ReadOnlySpan<byte> command)
    {
        var reader = new ImapReader(command, maxDepth: 1);
        reader.Tag();
        reader.Space();
        var name = reader.Atom();
        if (Ascii.EqualsIgnoreCase(name, "UID"u8))
        {
            reader.Space();
            name = reader.Atom();
        }

        if (Ascii.EqualsIgnoreCase(name, "REPLACE"u8))
        {
            reader.Space();
            reader.NumberSet();
        }
        else if (!Ascii.EqualsIgnoreCase(name, "APPEND"u8))
        {
            return false;
        }

        reader.Space();
        reader.Astring();
        reader.Space();
        return !reader.Failed;
    }

    /// <summary>Takes the messages, at the most so many. Null when all are there; else the answer, and none of them counts.</summary>
    public async ValueTask<ImapReply?> ReceiveAsync(MessageArguments arguments, int most)
    {
        while (true)
        {
            var header = session.Framer.MessageHeader;
            if (await RefusalAsync(header, most) is { } refusal)
            {
                return refusal;
            }

            if (header.Synchronizing)
            {
                session.Writer.Raw("+ Send it"u8).Line();
            }

            _messages.Add(new MessageToAppend(await StageAsync(header.Size), arguments.ToOptions(target)));
            _octets += header.Size;
            if (await session.ReadTailAsync() is not { } tail)
            {
                return ImapReply.None;
            }

            if (!tail.HasMessage)
            {
                var end = arguments.IsUtf8 ? ")"u8 : ""u8;
                return end.SequenceEqual(tail.Text) ? null : ImapReply.Bad("The end of the command expected behind the message");
            }

            var reader = new ImapReader(tail.Text, maxDepth: 1) { Features = session.Features };
            if (arguments.IsUtf8 && !reader.TryByte((byte)')'))
            {
                reader.Fail("')' expected");
            }

            arguments = MessageArguments.Read(ref reader);
            reader.End();
            if (reader.Failed)
            {
                return ImapReply.Bad($"At octet {reader.ErrorPosition} behind the message: {reader.Error}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var message in _messages)
        {
            await message.Message.DisposeAsync();
        }
    }

    private async ValueTask<ImapReply?> RefusalAsync(LiteralHeader header, int most)
    {
        if (header.Start == 0)
        {
            return ImapReply.Bad("A literal with the message expected");
        }

        if (!session.Services.Accounts.Traits.HasFlag(StoreTraits.Append))
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        if (_messages.Count >= most)
        {
            return most == 1 ? ImapReply.Bad("One message expected") : ImapReply.No("Too many messages for one command", "LIMIT");
        }

        if (header.Size > session.Options.MaxMessageSize)
        {
            return ImapReply.No("The message is too large", "TOOBIG");
        }

        return _octets + header.Size > UncheckedOctets
            && await target.Mailbox!.Account.SnapshotAsync(session.Aborted) is { QuotaLimit: { } limit } snapshot
            && snapshot.QuotaUsed - freed + _octets + header.Size > limit
                ? ImapReply.Rejected(CommitError.OverQuota)
                : null;
    }

    private async ValueTask<StagedMessage> StageAsync(uint size)
    {
        var literal = new LiteralPipeReader(session.Lines, size, () => session.FillAsync(inMessage: true));
        try
        {
            return await session.Services.Accounts.StageAsync(literal, new StageHint(size, [target.Mailbox!.Account.Id]), session.Aborted);
        }
        catch when (!session.IsConnectionLost)
        {
            // The dialog goes on behind the command.
            await session.SkipMessagesAsync(literal.Left);
            throw;
        }
    }
}
