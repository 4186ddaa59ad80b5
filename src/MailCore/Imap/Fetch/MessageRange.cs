using MailCore.Imap.Wire;

namespace MailCore.Imap.Fetch;

/// <summary>Octets of a message as its recipient sees it: the prefix counts.</summary>
internal readonly record struct MessageRange(long Offset, long Length)
{
    /// <summary>Where a section lies (RFC 3501 6.4.5); null when the message has no such part.</summary>
    public static MessageRange? Locate(FetchItem item, StoredMessage message)
    {
        var total = message.Content.Length;
        if (item.Part.Length == 0 && item.Text == SectionText.All)
        {
            return new MessageRange(0, total);
        }

        var root = message.Summary.Root;
        if (root.Find(item.Part) is not { } part)
        {
            return null;
        }

        if (item.Part.Length > 0 && item.Text is SectionText.All)
        {
            return Behind(message.PrefixLength, part.BodyOffset, part.BodyLength);
        }

        if (item.Part.Length > 0 && item.Text != SectionText.Mime)
        {
            // HEADER and TEXT of a part are those of the message in it.
            part = part.NestedRoot;
        }

        if (part is null)
        {
            return null;
        }

        var isOuter = ReferenceEquals(part, root);
        if (item.Text == SectionText.Text)
        {
            return isOuter
                ? new MessageRange(message.PrefixLength + root.BodyOffset, Math.Max(0, total - message.PrefixLength - root.BodyOffset))
                : Behind(message.PrefixLength, part.BodyOffset, part.BodyLength);
        }

        return isOuter
            ? new MessageRange(0, message.PrefixLength + root.HeaderLength)
            : Behind(message.PrefixLength, part.HeaderOffset, part.HeaderLength);
    }

    /// <summary>The part of it that a client asked for; empty past its end.</summary>
    public MessageRange Cut(FetchItem item)
    {
        var start = Math.Min(item.PartialStart, Length);
        return new MessageRange(Offset + start, Math.Min(item.PartialLength ?? long.MaxValue, Length - start));
    }

    private static MessageRange Behind(int prefix, long offset, long length) => new(prefix + offset, length);
}
