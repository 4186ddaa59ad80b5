using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.Messaging;
using MailCore.Mime;

namespace MailCore.Testing;

/// <summary>One message as it came in, with its envelope. Immutable; its parts are decoded when they are asked for.</summary>
public sealed partial class ReceivedMessage
{
    private readonly byte[] _octets;
    private readonly Lazy<MessageSummary?> _summary;

    internal ReceivedMessage(MailTransaction transaction, byte[] octets, ReadOnlyMemory<byte> summary)
    {
        (_octets, Envelope, Session, QueueId, ReceivedAt) = (octets, transaction.Envelope, transaction.Session, transaction.QueueId, transaction.ReceivedAt);
        _summary = new Lazy<MessageSummary?>(() => MessageSummary.TryDecode(summary, out var decoded) ? decoded : null);
    }

    /// <summary>What MAIL and RCPT said: the real sender and recipients, those of Bcc included.</summary>
    public Envelope Envelope { get; }

    /// <summary>Who brought it: addresses, EHLO name, TLS, login.</summary>
    public MailSessionInfo Session { get; }

    /// <summary>As in the reply to the client.</summary>
    public string QueueId { get; }

    /// <summary>By the server's clock.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>The octets that the client sent, dot-stuffing removed and nothing added.</summary>
    public ReadOnlyMemory<byte> Octets => _octets;

    /// <summary>Decoded; empty without one.</summary>
    public string Subject => Header.DecodedSubject ?? "";

    /// <summary>The addresses in From.</summary>
    public IReadOnlyList<string> From => Addresses(Header.From);

    /// <summary>The addresses in To.</summary>
    public IReadOnlyList<string> To => Addresses(Header.To);

    /// <summary>The addresses in Cc.</summary>
    public IReadOnlyList<string> Cc => Addresses(Header.Cc);

    /// <summary>The first text/plain part that is no attachment, decoded, with LF line ends; empty without one.</summary>
    public string Text => FindText("plain"u8) is { } part ? DecodeText(part) : "";

    /// <summary>The first text/html part that is no attachment, decoded, with LF line ends; empty without one.</summary>
    public string Html => FindText("html"u8) is { } part ? DecodeText(part) : "";

    /// <summary>The http and https addresses in <see cref="Html"/>'s links, then in <see cref="Text"/>; each once.</summary>
    public IReadOnlyList<Uri> Links => [..
        HtmlLink().Matches(Html).Select(static match => match.Groups[1].Value.Replace("&amp;", "&", StringComparison.Ordinal))
            .Concat(TextLink().Matches(Text).Select(static match => match.Value))
            .Select(static link => Uri.TryCreate(link, UriKind.Absolute, out var uri) ? uri : null)
            .OfType<Uri>()
            .Distinct()];

    /// <summary>Parts with a file name or marked as attachments.</summary>
    public IReadOnlyList<ReceivedAttachment> Attachments => [..
        Parts(Structure).Where(static part => !part.IsMultipart && IsAttachment(part)).Select(part => new ReceivedAttachment(
            part.GetDispositionParameter("filename") ?? part.GetParameter("name") ?? "",
            $"{Encoding.ASCII.GetString(part.Type.Span)}/{Encoding.ASCII.GetString(part.Subtype.Span)}".ToLowerInvariant(),
            Decode(part)))];

    private MessageEnvelope Header => _summary.Value?.Envelope ?? MessageEnvelope.Empty;

    private MimePart? Structure => _summary.Value?.Root;

    /// <summary>The octets as a stream, for other libraries: MimeKit's <c>MimeMessage.LoadAsync</c> reads it.</summary>
    public Stream OpenRead() => new MemoryStream(_octets, writable: false);

    /// <summary>All fields of this name, top to bottom, unfolded and with encoded words decoded. Names compare without case.</summary>
    public IReadOnlyList<string> Headers(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var found = new List<string>();
        var wanted = Encoding.ASCII.GetBytes(name);
        var length = (int)(Structure?.HeaderLength ?? _octets.Length);
        foreach (var field in new HeaderReader(_octets.AsSpan(0, length)))
        {
            if (field.Is(wanted))
            {
                var value = new byte[field.RawValue.Length];
                found.Add(EncodedWords.Decode(value.AsSpan(0, field.Unfold(value))));
            }
        }

        return found;
    }

    /// <summary>One line: sender, recipients, subject, size.</summary>
    public override string ToString() =>
        $"from <{Envelope.From}> to {string.Join(", ", Envelope.Recipients.Select(static recipient => $"<{recipient}>"))}: \"{Subject}\", {_octets.Length} octets, {QueueId}";

    private static List<string> Addresses(IReadOnlyList<MailAddressEntry> entries) => [.. entries.Select(static entry => entry.Address).OfType<string>()];

    private static bool IsAttachment(MimePart part) =>
        (part.Disposition is { } disposition && Ascii.EqualsIgnoreCase(disposition.Span, "attachment"u8))
        || part.GetDispositionParameter("filename") is not null || part.GetParameter("name") is not null;

    private static IEnumerable<MimePart> Parts(MimePart? part) => part is null ? [] : part.Children.SelectMany(Parts).Prepend(part);

    private MimePart? FindText(ReadOnlySpan<byte> subtype)
    {
        foreach (var part in Parts(Structure))
        {
            if (part.Is("text"u8, subtype) && !IsAttachment(part))
            {
                return part;
            }
        }

        return null;
    }

    private string DecodeText(MimePart part)
    {
        var charset = Encoding.ASCII.GetBytes(part.GetParameter("charset") ?? "");
        return MimeCharset.Decode(Decode(part), charset).Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private byte[] Decode(MimePart part)
    {
        var body = _octets.AsSpan((int)part.BodyOffset, (int)part.BodyLength);
        if (ContentDecoder.Create(part.TransferEncoding.Span) is not { } decoder)
        {
            return body.ToArray();
        }

        var decoded = new ArrayBufferWriter<byte>(Math.Max(1, body.Length));
        decoder.Decode(body, decoded);
        decoder.Flush(decoded);
        return decoded.WrittenSpan.ToArray();
    }

    [GeneratedRegex("""href\s*=\s*["'](https?://[^"']+)["']""", RegexOptions.IgnoreCase)]
    private static partial Regex HtmlLink();

    [GeneratedRegex("""https?://[^\s<>"')\]]*[^\s<>"')\].,;:!?]""", RegexOptions.IgnoreCase)]
    private static partial Regex TextLink();
}

/// <summary>An attachment, decoded.</summary>
/// <param name="FileName">Empty without one.</param>
/// <param name="ContentType">Type and subtype in lower case.</param>
/// <param name="Content">Its octets.</param>
public sealed record ReceivedAttachment(string FileName, string ContentType, ReadOnlyMemory<byte> Content);
