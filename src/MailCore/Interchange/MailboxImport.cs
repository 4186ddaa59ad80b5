using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>A message on its way into a mailbox.</summary>
internal sealed record ImportedMessage(SystemFlags Flags, IReadOnlyList<string> Keywords, DateTimeOffset? Date)
{
    private const string NoAtom = "(){%*\"\\]";

    /// <summary>Whether a name can be a keyword: an atom (RFC 9051 9, flag-keyword). Anything else would break clients' parsers.</summary>
    public static bool IsKeyword(string name) => name.Length > 0 && name.All(static c => c is > ' ' and <= '~' && !NoAtom.Contains(c, StringComparison.Ordinal));

    /// <summary>Null for one that gets the next UID.</summary>
    public uint? Uid { get; init; }
}

/// <summary>
/// Fills one mailbox, keeping UIDVALIDITY and UIDs. Several messages share a commit. What a broken-off import has moved already is
/// passed over: those are the UIDs below UIDNEXT.
/// </summary>
internal sealed class MailboxImport(MailAccount account, Mailbox mailbox, uint uidNext) : IAsyncDisposable
{
    private const int MaxWaiting = 64;
    private const long MaxWaitingOctets = 8 * 1024 * 1024;

    private readonly List<MessageToAppend> _waiting = [];
    private long _octets;
    private uint _uidNext = uidNext;

    public Mailbox Mailbox => mailbox;

    /// <summary>Messages of lower UIDs are there.</summary>
    public uint UidNext => _uidNext;

    public long Messages { get; private set; }

    /// <summary>
    /// Opens or makes the mailbox. With a UIDVALIDITY that is to be kept, an existing one must have the same, or be an inbox that never
    /// held a message; null otherwise, with the reason.
    /// </summary>
    public static async Task<(MailboxImport? Import, string? Problem)> OpenAsync(MailAccount account, MailboxName name, uint? uidValidity, CancellationToken cancellationToken)
    {
        var result = await account.CommitAsync([new CreateMailbox(name.Value, uidValidity)], cancellationToken);
        if (result.Error is not (CommitError.None or CommitError.MailboxExists))
        {
            return (null, $"Mailbox '{name}' can't be made with UIDVALIDITY {uidValidity}: a mailbox of this name was deleted before ({result.Error}).");
        }

        var found = await account.FindMailboxAsync(name, cancellationToken);
        if (found is null || await found.GetInfoAsync(cancellationToken) is not { } info)
        {
            return (null, $"Mailbox '{name}' was deleted meanwhile.");
        }

        return uidValidity is not null && info.UidValidity != uidValidity
            ? (null, $"Mailbox '{name}' exists with UIDVALIDITY {info.UidValidity}, and the import has {uidValidity}. Import into an account that has not been used, or delete the mailbox.")
            : (new MailboxImport(account, found, info.UidNext.Value), null);
    }

    /// <summary>Takes octets to their end, to be stored with the next commit.</summary>
    public async Task AddAsync(Stream octets, ImportedMessage message, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(octets, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
        try
        {
            Add(await account.Accounts.StageAsync(reader, new StageHint(null, [account.Id]), cancellationToken), message);
        }
        finally
        {
            await reader.CompleteAsync();
        }

        await FlushIfFullAsync(cancellationToken);
    }

    /// <summary>The same for octets that are staged; they are disposed of here.</summary>
    public void Add(StagedMessage staged, ImportedMessage message)
    {
        _waiting.Add(new MessageToAppend(staged, new AppendOptions
        {
            Flags = message.Flags,
            Keywords = message.Keywords,
            InternalDate = message.Date,
            KeepUid = message.Uid is { } uid ? new Uid(uid) : null,
            IgnoreQuota = true,
        }));
        _octets += staged.Length;
    }

    public Task FlushIfFullAsync(CancellationToken cancellationToken) =>
        _waiting.Count >= MaxWaiting || _octets >= MaxWaitingOctets ? FlushAsync(cancellationToken) : Task.CompletedTask;

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        var result = await mailbox.AppendAsync(_waiting, cancellationToken);
        if (!result.Succeeded)
        {
            throw new InvalidDataException($"The store refused messages of the import: {result.Error}.");
        }

        Messages += _waiting.Count;
        _uidNext = result.Uids[^1].Value + 1;
        await DropAsync();
    }

    /// <summary>
    /// Sees to it that UIDs below <paramref name="uidNext"/> are never given out: there is a message for a moment that nobody sees.
    /// </summary>
    public async Task RaiseUidNextAsync(uint uidNext, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        if (uidNext <= _uidNext)
        {
            return;
        }

        var reader = PipeReader.Create(new("Subject: The last UID that was used\r\n\r\n"u8.ToArray()));
        await using var staged = await account.Accounts.StageAsync(reader, default, cancellationToken);
        var last = uidNext - 1;
        var append = new AppendMessage(mailbox.Id, staged.Content, default, SystemFlags.Seen, [], DateTimeOffset.UnixEpoch, staged.Summary)
        {
            KeepUid = new Uid(last),
            IgnoreQuota = true,
        };
        var result = await account.CommitAsync([append, new Expunge(mailbox.Id, [last], OnlyDeleted: false)], cancellationToken);
        if (result.Error != CommitError.None)
        {
            throw new InvalidDataException($"The store refused to keep UIDNEXT {uidNext}: {result.Error}.");
        }

        _uidNext = uidNext;
    }

    public async ValueTask DisposeAsync() => await DropAsync();

    private async Task DropAsync()
    {
        foreach (var waiting in _waiting)
        {
            await waiting.Message.DisposeAsync();
        }

        _waiting.Clear();
        _octets = 0;
    }
}
