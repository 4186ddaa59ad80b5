using System.IO.Pipelines;

namespace MailCore.Storage;

/// <summary>
/// Copies messages by appending them anew, where the store's own copy does not do: into another account, or without some of the flags.
/// Up to <see cref="StorageLimits.UidsPerRead"/> messages and <see cref="StepOctets"/> are one commit. More take several; when one of
/// them is refused, those before it are taken back. A move removes the originals after all copies are safe: what goes wrong then leaves both,
/// never none.
/// </summary>
internal sealed class MessageTransfer(Mailbox from, Mailbox to, FlagsKept kept)
{
    /// <summary>Octets held in staging at once, unless one message alone is larger.</summary>
    public const long StepOctets = 64 * 1024 * 1024;

    private const int ReadSize = 32 * 1024;

    private readonly MailAccounts _accounts = to.Account.Accounts;
    private readonly List<Uid> _sources = [];
    private readonly List<Uid> _copies = [];
    private uint _uidValidity;
    private ModSeq? _modSeq;

    public async ValueTask<CopyResult> RunAsync(IReadOnlyList<Uid> uids, bool moves, CancellationToken cancellationToken)
    {
        if (await from.OpenViewAsync(cancellationToken) is not { State: var state })
        {
            return Refused(CommitError.NoMailbox);
        }

        try
        {
            var rows = uids.Select(uid => state.IndexOf(uid)).Where(static rank => rank >= 0).Select(rank => state[rank]).ToList();
            for (var done = 0; done < rows.Count;)
            {
                var step = Step(rows, done);
                done += step.Count;
                if (await CopyAsync(step, state.Info.Keywords, cancellationToken) is var error && error != CommitError.None)
                {
                    await TakeBackAsync();
                    return Refused(error);
                }
            }

            if (moves && _sources.Count > 0 && await from.RemoveAsync(_sources, cancellationToken) is { Succeeded: false } kept)
            {
                await TakeBackAsync();
                return Refused(kept.Error);
            }
        }
        catch
        {
            await TryTakeBackAsync();
            throw;
        }

        return new CopyResult(CommitError.None, _modSeq, _uidValidity, _sources, _copies);
    }

    private static CopyResult Refused(CommitError error) => new(error, null, 0, [], []);

    private static List<MailboxRow> Step(List<MailboxRow> rows, int start)
    {
        var octets = 0L;
        var step = new List<MailboxRow>();
        for (var i = start; i < rows.Count && step.Count < StorageLimits.UidsPerRead && (step.Count == 0 || octets + rows[i].Size <= StepOctets); i++)
        {
            octets += rows[i].Size;
            step.Add(rows[i]);
        }

        return step;
    }

    private async ValueTask<CommitError> CopyAsync(List<MailboxRow> step, IReadOnlyList<string> keywords, CancellationToken cancellationToken)
    {
        var details = await from.ReadBatchAsync(step.ConvertAll(static row => row.Uid).ToArray(), MessageFields.All, cancellationToken);
        var messages = new List<MessageToAppend>();
        var sources = new List<Uid>();
        try
        {
            foreach (var detail in details)
            {
                if (!detail.Expunged && await StageAsync(detail, cancellationToken) is { } message)
                {
                    messages.Add(new MessageToAppend(message, Options(detail, step.Find(row => row.Uid == detail.Uid), keywords)));
                    sources.Add(detail.Uid);
                }
            }

            if (messages.Count == 0)
            {
                return CommitError.None;
            }

            var result = await to.AppendAsync(messages, cancellationToken);
            if (result.Succeeded)
            {
                _sources.AddRange(sources);
                _copies.AddRange(result.Uids);
                (_uidValidity, _modSeq) = (result.UidValidity, result.ModSeq);
            }

            return result.Error;
        }
        finally
        {
            foreach (var message in messages)
            {
                await message.Message.DisposeAsync();
            }
        }
    }

    private AppendOptions Options(MessageRow detail, MailboxRow row, IReadOnlyList<string> keywords) => new()
    {
        Flags = row.Flags & kept.Flags,
        Keywords = kept.Keywords ? [.. keywords.Where((_, i) => (row.FlagWord & (1UL << (8 + i))) != 0)] : [],
        InternalDate = detail.InternalDate,
        Prefix = detail.Prefix,
        KeepEmailId = _accounts.Traits.HasFlag(StoreTraits.Import) ? detail.EmailId : null,
    };

    // The prefix goes along by itself. Null when the octets are gone.
    private async ValueTask<StagedMessage?> StageAsync(MessageRow row, CancellationToken cancellationToken)
    {
        if (await _accounts.OpenContentAsync(row.Content, default, cancellationToken) is not { } content)
        {
            return null;
        }

        await using (content)
        {
            await using var stream = new MessageContentStream(content);
            var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReadSize, leaveOpen: true));
            try
            {
                return await _accounts.StageAsync(reader, new StageHint(content.Length, [to.Account.Id]), cancellationToken);
            }
            finally
            {
                await reader.CompleteAsync();
            }
        }
    }

    private async ValueTask TakeBackAsync()
    {
        if (_copies.Count > 0)
        {
            await to.RemoveAsync(_copies);
        }
    }

    // After a failure of the store: that one is told, and copies too many are better than messages too few.
    private async ValueTask TryTakeBackAsync()
    {
        try
        {
            await TakeBackAsync();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
        }
    }
}
