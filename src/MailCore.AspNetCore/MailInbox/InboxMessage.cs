using System.Diagnostics.CodeAnalysis;
using System.Text;
using MailCore.AspNetCore.Inbound;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>One message that is shown, with what has been opened of it so far. Not thread-safe.</summary>
internal sealed class InboxMessage(InboxAccount account, Mailbox mailbox, string mailboxName, InboxRow row) : IAsyncDisposable
{
    private MessageContent? _content;
    private MessageSummary? _summary;

    public InboxAccount Account => account;

    public Mailbox Mailbox => mailbox;

    public string MailboxName => mailboxName;

    public MailboxRow Row => row.Row;

    public MessageRow Details => row.Details;

    public MessageKey Key => new(account.Id, mailbox.Id, Row.Uid);

    /// <summary>Octets before the content, to which the summary's offsets do not count: this server's own trace.</summary>
    public int PrefixLength => Details.Prefix.Length;

    /// <summary>After <see cref="SummarizeAsync"/>.</summary>
    public MessageSummary Summary => _summary ?? throw new InvalidOperationException("There is no summary yet.");

    /// <summary>After <see cref="OpenAsync"/>.</summary>
    public MessageContent Content => _content ?? throw new InvalidOperationException("The content has not been opened.");

    /// <summary>Finds a message by its id; null when it is gone, or its account is not shown.</summary>
    public static async ValueTask<InboxMessage?> FindAsync(InboxAccounts accounts, MessageKey key, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(key.Account, cancellationToken).ConfigureAwait(false) is not { } account
            || await accounts.OpenAsync(account, cancellationToken).ConfigureAwait(false) is not { } open)
        {
            return null;
        }

        var mailbox = open.OpenMailbox(key.Mailbox);
        if (await accounts.ReadRowsAsync(mailbox, cancellationToken).ConfigureAwait(false) is not { } rows || rows.IndexOf(key.Uid) is not (>= 0 and var rank))
        {
            return null;
        }

        var details = await mailbox.ReadBatchAsync(new[] { key.Uid }, MessageFields.All, cancellationToken).ConfigureAwait(false);
        return details is [{ Expunged: false } found] ? new InboxMessage(account, mailbox, rows.Info.Name, new InboxRow(rows[rank], found)) : null;
    }

    /// <summary>Opens the octets; false when the store no longer has them.</summary>
    public async ValueTask<bool> OpenAsync(CancellationToken cancellationToken)
    {
        _content ??= await mailbox.OpenContentAsync(Details, cancellationToken).ConfigureAwait(false);
        return _content is not null;
    }

    /// <summary>Takes the stored summary, or where there is none reads the message and has the result kept; false when it is gone.</summary>
    public async ValueTask<bool> SummarizeAsync(CancellationToken cancellationToken)
    {
        if (_summary is not null || MessageSummary.TryDecode(Details.Summary, out _summary))
        {
            return true;
        }

        if (!await OpenAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var summarizer = new MessageSummarizer();
        var piece = new byte[16 * 1024];
        for (long offset = PrefixLength; await Content.ReadAsync(offset, piece, cancellationToken).ConfigureAwait(false) is > 0 and var count; offset += count)
        {
            summarizer.Push(piece.AsSpan(0, count));
        }

        _summary = summarizer.Complete();
        await mailbox.PutSummaryAsync(Row.Uid, _summary.Encode(), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>The own trace and the header block, after <see cref="OpenAsync"/>. Bounded where headers are parsed.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        var block = new byte[PrefixLength + Summary.Root.HeaderLength];
        var length = 0;
        while (length < block.Length && await Content.ReadAsync(length, block.AsMemory(length), cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            length += count;
        }

        return block.AsMemory(0, length);
    }

    /// <summary>The body of a part, decoded.</summary>
    public PartStream OpenPart(MimePart part) => new(new ContentBehindPrefix(Content, PrefixLength), part);

    /// <summary>The octets as they came, without the own trace, behind some of the caller's.</summary>
    public Stream OpenBehind(ReadOnlyMemory<byte> prefix) => new MessageContent(prefix, new ContentBehindPrefix(Content, PrefixLength)).AsStream();

    /// <summary>The name that the server gave the message when it came, by the trace field that it put before it.</summary>
    public bool TryReadQueueId([NotNullWhen(true)] out string? queueId)
    {
        foreach (var field in new HeaderReader(Details.Prefix.Span))
        {
            if (field.Is("Received"u8) && field.RawValue.IndexOf(" id "u8) is >= 0 and var at)
            {
                var rest = field.RawValue[(at + 4)..];
                var end = rest.IndexOfAny(" \t\r\n;"u8);
                queueId = Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]);
                return true;
            }
        }

        queueId = null;
        return false;
    }

    public ValueTask DisposeAsync() => _content?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The octets that a summary's offsets count in. The message's to dispose.</summary>
    private sealed class ContentBehindPrefix(MessageContent content, int prefix) : IContentReader
    {
        public long Length => content.Length - prefix;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) => content.ReadAsync(prefix + offset, into, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
