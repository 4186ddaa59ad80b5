using System.Text;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>
/// Streams the messages of APPEND (RFC 3501 6.3.11, RFC 3502) and REPLACE (RFC 8508), or their parts (RFC 4469), into the store's staging. What
/// it has taken and nothing committed is dropped with it.
/// </summary>
/// <param name="session">Has a command before it that ends before a message.</param>
/// <param name="target">The mailbox that takes them.</param>
/// <param name="freed">Octets that the command itself gives back to the quota.</param>
internal sealed class MessageIntake(ImapSession session, MailboxAccess target, long freed = 0) : IAsyncDisposable
{
    // Below this the store's own check at the commit is early enough.
    private const long UncheckedOctets = 1024 * 1024;

    private const int MaxUrl = 8 * 1024;

    private readonly List<MessageToAppend> _messages = [];
    private MessageArguments? _current;
    private CatenatedMessage? _catenated;
    private long _octets;
    private int _most;
    private ImapReply _tooMany;

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

    /// <summary>Takes the messages. Null when all are there; else the answer, and none of them counts.</summary>
    /// <param name="stretch">What stands before the first.</param>
    /// <param name="most">So many are taken.</param>
    /// <param name="tooMany">The answer to more.</param>
    public async ValueTask<ImapReply?> ReceiveAsync(AppendStretch stretch, int most, ImapReply tooMany)
    {
        (_most, _tooMany) = (most, tooMany);
        while (true)
        {
            foreach (var step in stretch.Steps)
            {
                if (await RunAsync(step) is { } refusal)
                {
                    return refusal;
                }
            }

            if (stretch.Next == LiteralUse.None)
            {
                return null;
            }

            if (await TakeAsync(stretch.Next, session.Framer.MessageHeader) is { } answer)
            {
                return answer;
            }

            if (await session.ReadTailAsync() is not { } tail)
            {
                return ImapReply.None;
            }

            var reader = new ImapReader(tail.Text, maxDepth: 1) { Features = session.Features };
            stretch = AppendStretch.ReadNext(ref reader, stretch.Next, _current!);
            reader.End();
            if (!tail.HasMessage && (reader.Failed || stretch.Next != LiteralUse.None))
            {
                return ImapReply.Bad("The end of the command expected behind the message");
            }

            if (reader.Failed || tail.HasMessage != (stretch.Next != LiteralUse.None))
            {
                return ImapReply.Bad($"At octet {reader.ErrorPosition} behind the message: {reader.Error ?? "the end of the command expected"}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_catenated is not null)
        {
            await _catenated.DisposeAsync();
        }

        foreach (var message in _messages)
        {
            await message.Message.DisposeAsync();
        }
    }

    private async ValueTask<ImapReply?> RunAsync(AppendStep step)
    {
        switch (step)
        {
            case AppendStep.Begin { Arguments: var arguments }:
                _current = arguments;
                return Begin();
            case AppendStep.Fetch { Url: var url }:
                return await FetchAsync(url);
            default:
                _octets += _catenated!.Length;
                _messages.Add(new MessageToAppend(await _catenated.CompleteAsync(), _current!.ToOptions(target)));
                _catenated = null;
                return null;
        }
    }

    private ImapReply? Begin()
    {
        if (!_current!.IsCatenated && session.Framer.MessageHeader.Start == 0)
        {
            return ImapReply.Bad("A literal with the message expected");
        }

        if (!session.Services.Accounts.Traits.HasFlag(StoreTraits.Append))
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        if (_messages.Count >= _most)
        {
            return _tooMany;
        }

        _catenated = _current.IsCatenated ? new CatenatedMessage(session, target.Mailbox!.Account.Id) : null;
        return null;
    }

    private async ValueTask<ImapReply?> FetchAsync(ReadOnlyMemory<byte> url)
    {
        await using var part = await UrlPart.OpenAsync(session, url);
        if (part is null)
        {
            return ImapReply.No("This leads to no message here", $"BADURL {ImapUrl.ToResponseText(url.Span)}");
        }

        if (await RefusalAsync(part.Length) is { } refusal)
        {
            return refusal;
        }

        await part.CopyAsync(_catenated!, session.Aborted);
        return null;
    }

    private async ValueTask<ImapReply?> TakeAsync(LiteralUse use, LiteralHeader header)
    {
        if (header.Start == 0)
        {
            return ImapReply.Bad("A literal with the message expected");
        }

        if (await RefusalAsync(header.Size) is { } refusal)
        {
            return refusal;
        }

        if (use == LiteralUse.Url && header.Size > MaxUrl)
        {
            return ImapReply.No("This is too long for a URL", "BADURL ...");
        }

        if (header.Synchronizing)
        {
            session.Writer.Raw("+ Send it"u8).Line();
        }

        switch (use)
        {
            case LiteralUse.Message:
                _messages.Add(new MessageToAppend(await StageAsync(header.Size), _current!.ToOptions(target)));
                _octets += header.Size;
                return null;
            case LiteralUse.Part:
                await ReadAsync(header.Size, async literal => await _catenated!.CopyAsync(literal, session.Aborted));
                return null;
            default:
                var url = new MemoryStream();
                await ReadAsync(header.Size, literal => literal.CopyToAsync(url, session.Aborted));
                if (await FetchAsync(url.ToArray()) is { } unreachable)
                {
                    // Its literal was the last thing read.
                    await session.SkipMessagesAsync(0);
                    return unreachable;
                }

                return null;
        }
    }

    private async ValueTask<ImapReply?> RefusalAsync(long more)
    {
        var message = (_catenated?.Length ?? 0) + more;
        if (message > session.Options.MaxMessageSize)
        {
            return ImapReply.No("The message is too large", "TOOBIG");
        }

        return _octets + message > UncheckedOctets
            && await target.Mailbox!.Account.SnapshotAsync(session.Aborted) is { QuotaLimit: { } limit } snapshot
            && snapshot.QuotaUsed - freed + _octets + message > limit
                ? ImapReply.Rejected(CommitError.OverQuota)
                : null;
    }

    private async ValueTask ReadAsync(uint size, Func<LiteralPipeReader, Task> read)
    {
        var literal = new LiteralPipeReader(session.Lines, size, () => session.FillAsync(inMessage: true));
        try
        {
            await read(literal);
        }
        catch when (!session.IsConnectionLost)
        {
            // The dialog goes on behind the command.
            await session.SkipMessagesAsync(literal.Left);
            throw;
        }
    }

    private async ValueTask<StagedMessage> StageAsync(uint size)
    {
        StagedMessage? staged = null;
        var hint = new StageHint(size, [target.Mailbox!.Account.Id]);
        await ReadAsync(size, async literal => staged = await session.Services.Accounts.StageAsync(literal, hint, session.Aborted));
        return staged!;
    }
}
