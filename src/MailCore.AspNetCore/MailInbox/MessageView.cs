using System.Globalization;
using System.Text;
using MailCore.Mime;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>A message as the API describes it. What is broken in it is described as far as it goes.</summary>
internal static class MessageView
{
    public static MessageItemBody Item(InboxMessage message)
    {
        var envelope = message.Summary.Envelope;
        return new MessageItemBody
        {
            Id = message.Key.ToString(),
            Account = message.Account.Address,
            Mailbox = message.MailboxName,
            From = string.Join(", ", Addresses(envelope.From)),
            To = Addresses(envelope.To),
            Subject = envelope.DecodedSubject ?? "",
            Received = message.Details.InternalDate.UtcDateTime,
            Size = message.Row.Size,
            Seen = message.Row.Flags.HasFlag(Storage.SystemFlags.Seen),
            Attachments = Attachments(message.Summary.Root).Count,
            Preview = message.Summary.Preview,
        };
    }

    /// <summary>With all details.</summary>
    /// <param name="message">Summarized.</param>
    /// <param name="header">Its header block, the own trace in front.</param>
    /// <param name="envelope">What the session said, where it is known.</param>
    /// <param name="hasTranscript">Whether its dialog is known.</param>
    public static MessageBody Whole(InboxMessage message, ReadOnlyMemory<byte> header, EnvelopeBody? envelope, bool hasTranscript)
    {
        var (item, summary) = (Item(message), message.Summary);
        return new MessageBody
        {
            Id = item.Id,
            Account = item.Account,
            Mailbox = item.Mailbox,
            From = item.From,
            To = item.To,
            Subject = item.Subject,
            Received = item.Received,
            Size = item.Size,
            Seen = item.Seen,
            Attachments = item.Attachments,
            Preview = item.Preview,
            Date = summary.Envelope.SentDate?.UtcDateTime,
            Cc = Addresses(summary.Envelope.Cc),
            ReplyTo = Addresses(summary.Envelope.ReplyTo),
            MessageId = summary.Envelope.MessageId is { } id ? Encoding.UTF8.GetString(id.Span) : null,
            HasText = MessageParts.FindBody(summary.Root, "plain"u8) is not null,
            HasHtml = MessageParts.FindBody(summary.Root, "html"u8) is not null,
            HasTranscript = hasTranscript,
            Envelope = envelope,
            Headers = Headers(header.Span),
            Parts = Part(summary.Root, "", isRoot: true),
            AttachmentParts = Attachments(summary.Root),
        };
    }

    /// <summary>The part of a section as <see cref="PartBody.Section"/> has it; null when there is none that has octets of its own.</summary>
    public static MimePart? Find(MimePart root, string section)
    {
        const int deepest = 256;
        var numbers = new List<int>();
        foreach (var word in section.AsSpan().Split('.'))
        {
            if (numbers.Count == deepest || !int.TryParse(section.AsSpan()[word], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            numbers.Add(number);
        }

        return root.Find(numbers.ToArray()) is { IsMultipart: false } part ? part : null;
    }

    private static List<string> Addresses(IReadOnlyList<MailAddressEntry> entries) =>
        [.. entries.Where(static entry => entry.Address is not null).Select(static entry => entry.DecodedName is { Length: > 0 } name ? $"{name} <{entry.Address}>" : entry.Address!)];

    private static List<HeaderBody> Headers(ReadOnlySpan<byte> block)
    {
        var headers = new List<HeaderBody>();
        foreach (var field in new HeaderReader(block))
        {
            if (!field.Name.IsEmpty)
            {
                var value = new byte[field.RawValue.Length];
                headers.Add(new HeaderBody(
                    Encoding.UTF8.GetString(field.Name), EncodedWords.Decode(value.AsSpan(0, field.Unfold(value))), Encoding.UTF8.GetString(field.Raw.TrimEnd("\r\n"u8))));
            }
        }

        return headers;
    }

    // How deep parts nest is limited where they are parsed.
    private static PartBody Part(MimePart part, string section, bool isRoot)
    {
        var own = isRoot ? Child(section, part.IsMultipart ? "TEXT" : "1") : section;
        List<PartBody> parts = part.NestedRoot is { } nested
            ? [Part(nested, own, isRoot: true)]
            : [.. part.Children.Select((child, i) => Part(child, Child(isRoot ? section : own, (i + 1).ToString(CultureInfo.InvariantCulture)), isRoot: false))];
        return new PartBody(
            own,
            MessageParts.ContentTypeOf(part),
            part.GetParameter("charset"),
            Encoding.Latin1.GetString(part.TransferEncoding.Span),
            part.BodyLength,
            MessageParts.BareFileNameOf(part),
            part.Disposition is { } disposition ? Encoding.Latin1.GetString(disposition.Span).ToLowerInvariant() : null,
            parts);
    }

    private static string Child(string section, string name) => section.Length == 0 ? name : $"{section}.{name}";

    private static List<AttachmentBody> Attachments(MimePart root)
    {
        var (text, html) = (MessageParts.FindBody(root, "plain"u8), MessageParts.FindBody(root, "html"u8));
        var found = new List<AttachmentBody>();
        Add(root, root.IsMultipart ? "" : "1");
        return found;

        void Add(MimePart part, string section)
        {
            if (part.IsMultipart)
            {
                for (var i = 0; i < part.Children.Count; i++)
                {
                    Add(part.Children[i], Child(section, (i + 1).ToString(CultureInfo.InvariantCulture)));
                }
            }
            else if (part != text && part != html)
            {
                found.Add(new AttachmentBody(section, MessageParts.BareFileNameOf(part), MessageParts.ContentTypeOf(part), part.BodyLength));
            }
        }
    }
}
