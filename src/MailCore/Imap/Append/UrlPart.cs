using System.Buffers;
using MailCore.Authentication;
using MailCore.Imap.Fetch;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>The octets that a URL in APPEND means (RFC 4469 3): as FETCH would tell them, and without \Seen being set.</summary>
internal sealed class UrlPart(StoredMessage message, MessageRange range, FetchItem section) : IAsyncDisposable
{
    private const int ChunkSize = 32 * 1024;

    /// <summary>Before header fields are picked out, at the most.</summary>
    public long Length => range.Length;

    /// <summary>Null when the URL leads nowhere, or nowhere this user may read.</summary>
    public static async ValueTask<UrlPart?> OpenAsync(ImapSession session, ReadOnlyMemory<byte> text)
    {
        if (ImapUrl.Parse(text.Span) is not { } url
            || await FindAsync(session, url) is not { } mailbox
            || await mailbox.ReadBatchAsync(new[] { url.Uid }, MessageFields.Content | MessageFields.Summary, session.Aborted) is not [{ Expunged: false } row])
        {
            return null;
        }

        var message = new StoredMessage(mailbox, row);
        try
        {
            if (await message.OpenAsync(session.Aborted) && await message.SummarizeAsync(session.Aborted) && MessageRange.Locate(url.Section, message) is { } found)
            {
                var picks = url.Section.Text is SectionText.HeaderFields or SectionText.HeaderFieldsNot;
                return new UrlPart(message, picks ? found : found.Cut(url.Section), url.Section);
            }
        }
        catch
        {
            await message.DisposeAsync();
            throw;
        }

        await message.DisposeAsync();
        return null;
    }

    public async ValueTask CopyAsync(CatenatedMessage target, CancellationToken cancellationToken)
    {
        if (section.Text is SectionText.HeaderFields or SectionText.HeaderFieldsNot)
        {
            await CopyFieldsAsync(target, cancellationToken);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (var done = 0L; done < range.Length;)
            {
                var count = await message.Content.ReadAsync(range.Offset + done, buffer.AsMemory(0, (int)Math.Min(buffer.Length, range.Length - done)), cancellationToken);
                if (count == 0)
                {
                    throw new EndOfStreamException("The store holds fewer octets than it announced.");
                }

                await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public ValueTask DisposeAsync() => message.DisposeAsync();

    private static async ValueTask<Mailbox?> FindAsync(ImapSession session, ImapUrl url)
    {
        var mailbox = url.Mailbox is { } name
            ? (await session.FindMailboxAsync(name, MailboxOperation.Read)).Mailbox
            : session.Selection is { } selection && selection.Allows(MailboxOperation.Read) ? selection.Mailbox : null;
        return mailbox is not null && url.UidValidity is { } validity && (await mailbox.GetInfoAsync(session.Aborted))?.UidValidity != validity ? null : mailbox;
    }

    // A header block is bounded by MimeLimits.HeaderOctets and the prefix.
    private async ValueTask CopyFieldsAsync(CatenatedMessage target, CancellationToken cancellationToken)
    {
        var block = new byte[range.Length];
        var length = await message.Content.ReadFullyAsync(range, block, cancellationToken);
        var kept = HeaderFilter.Keep(block.AsSpan(0, length), section.Fields, section.Text == SectionText.HeaderFieldsNot);
        var cut = new MessageRange(0, kept).Cut(section);
        await target.WriteAsync(block.AsMemory((int)cut.Offset, (int)cut.Length), cancellationToken);
    }
}
