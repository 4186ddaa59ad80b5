using System.Buffers;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Fetch;

/// <summary>One message of a mailbox with what has been opened of it so far.</summary>
internal sealed class StoredMessage(Mailbox mailbox, MessageRow row) : IAsyncDisposable
{
    private const int ChunkSize = 32 * 1024;

    private MessageSummary? _summary;
    private MessageContent? _content;
    private bool _isAsStored;

    public MessageRow Row { get; } = row;

    /// <summary>Octets that stand before the content, to which the summary's offsets do not count.</summary>
    public int PrefixLength => Row.Prefix.Length;

    /// <summary>After <see cref="OpenAsync"/>.</summary>
    public MessageContent Content => _content ?? throw new InvalidOperationException("The content has not been opened.");

    /// <summary>After <see cref="SummarizeAsync"/>.</summary>
    public MessageSummary Summary => _summary ?? throw new InvalidOperationException("There is no summary yet.");

    /// <summary>The summary as a store keeps it.</summary>
    public ReadOnlyMemory<byte> EncodedSummary => _isAsStored ? Row.Summary : Summary.Encode();

    /// <summary>Whether the summary is known without a look at the message.</summary>
    public bool HasSummary => _summary is not null || (_isAsStored = MessageSummary.TryDecode(Row.Summary, out _summary));

    /// <summary>Opens the octets; false when the store no longer has them.</summary>
    public async ValueTask<bool> OpenAsync(CancellationToken cancellationToken)
    {
        _content ??= await mailbox.OpenContentAsync(Row, cancellationToken);
        return _content is not null;
    }

    /// <summary>
    /// Takes the stored summary. Only where there is none, or an older version's, the message is read, and the result kept; false
    /// when it is gone.
    /// </summary>
    public async ValueTask<bool> SummarizeAsync(CancellationToken cancellationToken)
    {
        if (HasSummary)
        {
            return true;
        }

        if (!await OpenAsync(cancellationToken))
        {
            return false;
        }

        _summary = await ReadSummaryAsync(cancellationToken);
        await mailbox.PutSummaryAsync(Row.Uid, _summary.Encode(), cancellationToken);
        return true;
    }

    public ValueTask DisposeAsync() => _content?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async ValueTask<MessageSummary> ReadSummaryAsync(CancellationToken cancellationToken)
    {
        var summarizer = new MessageSummarizer();
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            long offset = PrefixLength;
            for (int count; (count = await Content.ReadAsync(offset, buffer, cancellationToken)) > 0; offset += count)
            {
                summarizer.Push(buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return summarizer.Complete();
    }
}
