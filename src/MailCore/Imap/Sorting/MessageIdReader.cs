namespace MailCore.Imap.Sorting;

/// <summary>
/// Reads the message identifiers of a header field one after the other. Quoting does not count: &lt;"a"@b&gt; is &lt;a@b&gt; (RFC 5256 3).
/// What has no angle brackets, or nothing at one side of the '@', is none.
/// </summary>
internal ref struct MessageIdReader(ReadOnlySpan<byte> field, Span<byte> room)
{
    private readonly Span<byte> _room = room;
    private ReadOnlySpan<byte> _rest = field;

    /// <summary>The next identifier without its angle brackets, valid until the next call.</summary>
    public bool TryNext(out ReadOnlySpan<byte> id)
    {
        while (true)
        {
            var start = _rest.IndexOf((byte)'<');
            var end = start < 0 ? -1 : _rest[start..].IndexOf((byte)'>');
            if (end < 0)
            {
                _rest = [];
                id = [];
                return false;
            }

            var candidate = _rest.Slice(start + 1, end - 1);
            _rest = _rest[(start + end + 1)..];
            candidate = candidate[(candidate.LastIndexOf((byte)'<') + 1)..];
            id = candidate.IndexOfAny(" \t\"\\"u8) < 0 ? candidate : Plain(candidate);
            if (id.LastIndexOf((byte)'@') is var at and > 0 && at < id.Length - 1)
            {
                return true;
            }
        }
    }

    private readonly ReadOnlySpan<byte> Plain(ReadOnlySpan<byte> candidate)
    {
        var length = 0;
        for (var i = 0; i < candidate.Length; i++)
        {
            var octet = candidate[i];
            if (octet == '\\' && i + 1 < candidate.Length)
            {
                _room[length++] = candidate[++i];
            }
            else if (octet is not ((byte)' ' or (byte)'\t' or (byte)'"'))
            {
                _room[length++] = octet;
            }
        }

        return _room[..length];
    }
}
