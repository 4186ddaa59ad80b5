using System.Buffers;

namespace MailCore.Mime;

/// <summary>Tokens of an unfolded structured header value (RFC 5322 3.2), forgiving: anything unclosed ends with the value.</summary>
internal ref struct HeaderLexer(ReadOnlySpan<byte> text)
{
    private static readonly SearchValues<byte> QuotedSpecials = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> CommentSpecials = SearchValues.Create("()\\"u8);

    private readonly ReadOnlySpan<byte> _text = text;

    public int Position { get; private set; }

    public readonly bool AtEnd => Position >= _text.Length;

    public readonly ReadOnlySpan<byte> Rest => _text[Position..];

    /// <summary>The next octet, 0 at the end (values hold no NUL: see <see cref="PooledBytes.Clean"/>).</summary>
    public readonly byte Next => AtEnd ? (byte)0 : _text[Position];

    public static bool IsBlank(byte octet) => octet is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    public void Skip(int count = 1) => Position += count;

    public bool TrySkip(byte octet)
    {
        if (AtEnd || _text[Position] != octet)
            return false;

        Position++;
        return true;
    }

    /// <summary>White space and comments; whether there were any. The text of the last comment replaces <paramref name="comment"/>.</summary>
    public bool SkipBlanks(ref PooledBytes comment)
    {
        var start = Position;
        while (!AtEnd)
        {
            if (IsBlank(_text[Position]))
            {
                Position++;
            }
            else if (_text[Position] == '(')
            {
                comment.Truncate(0);
                Comment(ref comment);
            }
            else
            {
                break;
            }
        }

        return Position > start;
    }

    /// <summary>Everything up to one of <paramref name="stop"/> or the end; may be empty.</summary>
    public ReadOnlySpan<byte> Until(SearchValues<byte> stop)
    {
        var rest = Rest;
        var length = rest.IndexOfAny(stop);
        var token = length < 0 ? rest : rest[..length];
        Position += token.Length;
        return token;
    }

    /// <summary>A quoted string that begins here, without quotes and backslashes.</summary>
    public void QuotedString(ref PooledBytes into)
    {
        Position++;
        while (!AtEnd)
        {
            into.Append(Until(QuotedSpecials));
            if (AtEnd || TrySkip((byte)'"'))
                return;

            Escaped(ref into);
        }
    }

    /// <summary>Passes over a quoted string that begins here.</summary>
    public void SkipQuotedString()
    {
        Position++;
        while (!AtEnd)
        {
            Until(QuotedSpecials);
            if (AtEnd || TrySkip((byte)'"'))
                return;

            Position = Math.Min(Position + 2, _text.Length);
        }
    }

    private void Comment(ref PooledBytes into)
    {
        Position++;
        var depth = 1;
        while (!AtEnd)
        {
            into.Append(Until(CommentSpecials));
            if (Next == '\\')
            {
                Escaped(ref into);
                continue;
            }

            if (AtEnd)
                return;

            var next = _text[Position++];
            depth += next == '(' ? 1 : -1;
            if (depth == 0)
                return;

            into.Append(next);
        }
    }

    private void Escaped(ref PooledBytes into)
    {
        Position++;
        if (!AtEnd)
            into.Append(_text[Position++]);
    }
}
