namespace MailCore.Imap.Sorting;

/// <summary>
/// The subject without what mailers and lists put around it (RFC 5256 2.1): "Re: [list] Fwd: lunch" and "lunch (fwd)" are both
/// about lunch. Takes linear time whatever stands there.
/// </summary>
internal static class BaseSubject
{
    /// <summary>The base subject within <paramref name="subject"/>, in whose place white space is made single spaces.</summary>
    /// <param name="subject">Decoded; altered.</param>
    /// <param name="isReply">Whether something was removed that only a reply or a forwarded message has.</param>
    public static ReadOnlySpan<char> Extract(Span<char> subject, out bool isReply)
    {
        ReadOnlySpan<char> text = SingleSpaces(subject);
        isReply = false;
        do
        {
            text = WithoutTrailers(text, ref isReply);
            text = WithoutLeaders(text, ref isReply);
        }
        while (TryUnwrap(ref text, ref isReply));

        return text;
    }

    private static Span<char> SingleSpaces(Span<char> subject)
    {
        var length = 0;
        foreach (var character in subject)
        {
            var isSpace = character is ' ' or '\t' or '\r' or '\n';
            if (!isSpace || length == 0 || subject[length - 1] != ' ')
            {
                subject[length++] = isSpace ? ' ' : character;
            }
        }

        return subject[..length];
    }

    // subj-trailer: "(fwd)" / WSP
    private static ReadOnlySpan<char> WithoutTrailers(ReadOnlySpan<char> text, scoped ref bool isReply)
    {
        text = text.TrimEnd(' ');
        while (text.EndsWith("(fwd)", StringComparison.OrdinalIgnoreCase))
        {
            text = text[..^5].TrimEnd(' ');
            isReply = true;
        }

        return text;
    }

    // subj-leader: *subj-blob subj-refwd / WSP, then a single subj-blob that is not all there is; again and again.
    private static ReadOnlySpan<char> WithoutLeaders(ReadOnlySpan<char> text, scoped ref bool isReply)
    {
        while (true)
        {
            text = text.TrimStart(' ');
            var last = text;
            var rest = text;
            for (int blob; (blob = BlobLength(rest)) > 0; rest = rest[blob..])
            {
                last = rest;
            }

            if (RefwdLength(rest) is var refwd and > 0)
            {
                isReply = true;
                text = rest[refwd..];
            }
            else if (rest.IsEmpty)
            {
                // Blobs to the end: the last one stays.
                return last;
            }
            else if (rest.Length == text.Length)
            {
                return text;
            }
            else
            {
                text = rest;
            }
        }
    }

    // "[fwd:" subject "]"
    private static bool TryUnwrap(ref ReadOnlySpan<char> text, scoped ref bool isReply)
    {
        if (!text.StartsWith("[fwd:", StringComparison.OrdinalIgnoreCase) || !text.EndsWith("]", StringComparison.Ordinal))
        {
            return false;
        }

        text = text[5..^1];
        isReply = true;
        return true;
    }

    // "[" *BLOBCHAR "]" *WSP
    private static int BlobLength(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != '[')
        {
            return 0;
        }

        var end = text[1..].IndexOfAny('[', ']') + 1;
        return end == 0 || text[end] != ']' ? 0 : end + 1 + SpacesAt(text[(end + 1)..]);
    }

    // ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
    private static int RefwdLength(ReadOnlySpan<char> text)
    {
        var length =
            text.StartsWith("fwd", StringComparison.OrdinalIgnoreCase) ? 3
            : text.StartsWith("re", StringComparison.OrdinalIgnoreCase) || text.StartsWith("fw", StringComparison.OrdinalIgnoreCase) ? 2
            : 0;
        if (length == 0)
        {
            return 0;
        }

        length += SpacesAt(text[length..]);
        length += BlobLength(text[length..]);
        return length < text.Length && text[length] == ':' ? length + 1 : 0;
    }

    private static int SpacesAt(ReadOnlySpan<char> text) => text.Length - text.TrimStart(' ').Length;
}
