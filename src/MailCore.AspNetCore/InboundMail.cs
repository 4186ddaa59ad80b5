using System.Text;
using MailCore.AspNetCore.Inbound;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.AspNetCore;

/// <summary>
/// A message for a handler of MapInbound: what the session said, what the header says, and the body in parts. Valid until the handler
/// returns; not thread-safe.
/// </summary>
public sealed class InboundMail : IAsyncDisposable
{
    /// <summary>As much of a text as <see cref="ReadTextAsync"/> and <see cref="ReadHtmlAsync"/> give: octets, transfer encoding removed.</summary>
    public const int MaxTextLength = 1024 * 1024;

    private const int MaxHeaderLength = 256 * 1024;

    private readonly MailTransaction _transaction;
    private readonly StagedContent _content;
    private readonly IContentReader _reader;
    private readonly MimePart? _text;
    private readonly MimePart? _html;

    private InboundMail(MailTransaction transaction, StagedContent content, IContentReader reader, MessageSummary summary, IReadOnlyList<InboundHeader> headers)
    {
        (_transaction, _content, _reader, Summary, Headers) = (transaction, content, reader, summary, headers);
        var others = new List<InboundAttachment>();
        foreach (var part in MessageParts.Leaves(summary.Root))
        {
            if (_text is null && MessageParts.IsBody(part, "plain"u8))
            {
                _text = part;
            }
            else if (_html is null && MessageParts.IsBody(part, "html"u8))
            {
                _html = part;
            }
            else
            {
                others.Add(new InboundAttachment(this, part));
            }
        }

        Attachments = others;
    }

    /// <summary>Names the message in logs. A client that sends a message again makes another one of it.</summary>
    public string QueueId => _transaction.QueueId;

    /// <summary>What MAIL and RCPT said. Only recipients that this handler is for are in it: never others, such as of a Bcc.</summary>
    public Envelope Envelope => _transaction.Envelope;

    /// <summary>Who brought it: address, login, TLS. The header's From is not checked against it.</summary>
    public MailSessionInfo Session => _transaction.Session;

    /// <summary>When MAIL was accepted.</summary>
    public DateTimeOffset ReceivedAt => _transaction.ReceivedAt;

    /// <summary>Why a filter put the message apart, or null. A handler gets such messages too.</summary>
    public string? QuarantineReason => _transaction.QuarantineReason;

    /// <summary>The header's addresses, date and ids, and the structure, as parsed when the message came.</summary>
    public MessageSummary Summary { get; }

    /// <summary>Decoded, on one line; empty without one.</summary>
    public string Subject => Summary.Envelope.DecodedSubject ?? "";

    /// <summary>All fields in their order; those that filters added first. At most 256 KB of them.</summary>
    public IReadOnlyList<InboundHeader> Headers { get; }

    /// <summary>Every part but the texts that <see cref="ReadTextAsync"/> and <see cref="ReadHtmlAsync"/> give; inline images too.</summary>
    public IReadOnlyList<InboundAttachment> Attachments { get; }

    /// <summary>The first field of this name, without regard to case; null without one.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value;

    /// <summary>The first text/plain part that is no attachment, cut at <see cref="MaxTextLength"/>; null without one.</summary>
    public ValueTask<string?> ReadTextAsync(CancellationToken cancellationToken = default) => ReadAsync(_text, cancellationToken);

    /// <summary>The first text/html part that is no attachment, cut at <see cref="MaxTextLength"/>; null without one. It is the sender's: encode or clean it before it is shown.</summary>
    public ValueTask<string?> ReadHtmlAsync(CancellationToken cancellationToken = default) => ReadAsync(_html, cancellationToken);

    /// <summary>The whole message as it came, with the fields that filters added and without trace fields of this server. Seekable.</summary>
    public async ValueTask<Stream> OpenMessageAsync(CancellationToken cancellationToken = default) =>
        new MessageContent(_transaction.AddedFields, await _content.OpenAsync(cancellationToken).ConfigureAwait(false)).AsStream();

    /// <summary>The body of a part of <see cref="Summary"/>, transfer encoding removed; to be read asynchronously.</summary>
    public Stream OpenPart(MimePart part)
    {
        ArgumentNullException.ThrowIfNull(part);
        return new PartStream(_reader, part);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    internal static async ValueTask<InboundMail> OpenAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var reader = await message.Content.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var summary = MessageSummary.TryDecode(message.Summary, out var decoded) ? decoded : await SummarizeAsync(reader, cancellationToken).ConfigureAwait(false);
            var block = new byte[(int)Math.Min(summary.Root.HeaderLength, MaxHeaderLength)];
            var length = 0;
            while (length < block.Length && await reader.ReadAsync(length, block.AsMemory(length), cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                length += count;
            }

            var headers = new List<InboundHeader>();
            AddHeaders(transaction.AddedFields.Span, headers);
            AddHeaders(block.AsSpan(0, length), headers);
            return new InboundMail(transaction, message.Content, reader, summary, headers);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async ValueTask<MessageSummary> SummarizeAsync(IContentReader reader, CancellationToken cancellationToken)
    {
        var summarizer = new MessageSummarizer();
        var piece = new byte[16 * 1024];
        for (var offset = 0L; await reader.ReadAsync(offset, piece, cancellationToken).ConfigureAwait(false) is > 0 and var count; offset += count)
        {
            summarizer.Push(piece.AsSpan(0, count));
        }

        return summarizer.Complete();
    }

    private static void AddHeaders(ReadOnlySpan<byte> block, List<InboundHeader> headers)
    {
        foreach (var field in new HeaderReader(block))
        {
            if (!field.Name.IsEmpty)
            {
                var value = new byte[field.RawValue.Length];
                headers.Add(new InboundHeader(Encoding.Latin1.GetString(field.Name), EncodedWords.Decode(value.AsSpan(0, field.Unfold(value)))));
            }
        }
    }

    private async ValueTask<string?> ReadAsync(MimePart? part, CancellationToken cancellationToken)
    {
        if (part is null)
        {
            return null;
        }

        var body = new PartStream(_reader, part);
        await using (body.ConfigureAwait(false))
        {
            return await MessageParts.ReadTextAsync(body, part, MaxTextLength, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>A header field: its name as written, its value unfolded and decoded.</summary>
public sealed record InboundHeader(string Name, string Value);
