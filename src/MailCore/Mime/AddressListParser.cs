using System.Buffers;

namespace MailCore.Mime;

/// <summary>
/// Address lists (RFC 5322 3.4 and 4.4) into the entries of an encoded envelope. Never refuses: what can't be an address becomes
/// one without a domain or is passed over. Keeps its buffers between values; not thread-safe.
/// </summary>
internal sealed class AddressListParser
{
    private const byte HasName = 1, HasRoute = 2, HasMailbox = 4, HasHost = 8, More = 0x80;

    private static readonly SearchValues<byte> WordEnd = SearchValues.Create("()<>:;@,.\" \t\r\n"u8);
    private static readonly SearchValues<byte> DomainEnd = SearchValues.Create("()<>:;@,\" \t\r\n"u8);
    private static readonly SearchValues<byte> RouteEnd = SearchValues.Create(":>"u8);
    private static readonly SearchValues<byte> EntryEnd = SearchValues.Create(",;\"("u8);

    private PooledBytes _phrase;
    private PooledBytes _name;
    private PooledBytes _local;
    private PooledBytes _domain;
    private PooledBytes _comment;
    private int _nameLength;
    private int _room;
    private bool _inGroup;

    /// <summary>Parses one value on its own, unfolded or not.</summary>
    public static MailAddressEntry[] Parse(ReadOnlySpan<byte> value, MimeLimits? limits = null)
    {
        var parser = new AddressListParser();
        var into = default(PooledBytes);
        var clean = value.ToArray();
        PooledBytes.Clean(clean);
        parser.Append(clean, ref into, (limits ?? MimeLimits.Default).Addresses);
        into.Append(0);
        var reader = new SummaryReader(into.Span.ToArray());
        into.Release();
        parser.Release();
        return MessageEnvelope.ReadAddresses(ref reader);
    }

    /// <summary>
    /// Appends the entries of a value that holds no NUL, at most <paramref name="room"/> besides the end of a group, and not the
    /// mark that ends a list. Returns the room that is left.
    /// </summary>
    public int Append(ReadOnlySpan<byte> value, ref PooledBytes into, int room)
    {
        var lexer = new HeaderLexer(value);
        _inGroup = false;
        _room = room;
        while (_room > 0)
        {
            _comment.Truncate(0);
            lexer.SkipBlanks(ref _comment);
            if (lexer.AtEnd)
                break;

            if (lexer.TrySkip((byte)','))
                continue;

            if (lexer.TrySkip((byte)';'))
                EndGroup(ref into);
            else
                Entry(ref lexer, ref into);
        }

        EndGroup(ref into);
        return _room;
    }

    public void Release()
    {
        _phrase.Release();
        _name.Release();
        _local.Release();
        _domain.Release();
        _comment.Release();
    }

    private void Entry(ref HeaderLexer lexer, ref PooledBytes into)
    {
        Words(ref lexer);
        switch (lexer.Next)
        {
            case (byte)'<':
                Angle(ref lexer, ref into);
                break;
            case (byte)'@':
                Plain(ref lexer, ref into);
                break;
            case (byte)':':
                lexer.Skip();
                BeginGroup(ref into);
                break;
            case (byte)'>' or (byte)')':
                lexer.Skip();
                break;
            default:
                if (_phrase.Length > 0)
                    Write(_comment.Span, [], _phrase.Span, [], ref into);

                break;
        }
    }

    /// <summary>
    /// Words and dots up to a special. The phrase has all of them with one space where there was white space; the local part only
    /// the last run that white space does not interrupt, white space beside a dot not counted (RFC 5322 4.4).
    /// </summary>
    private void Words(ref HeaderLexer lexer)
    {
        _phrase.Truncate(0);
        _local.Truncate(0);
        _nameLength = 0;
        var afterDot = false;
        while (true)
        {
            var apart = lexer.SkipBlanks(ref _comment) && _phrase.Length > 0;
            var next = lexer.Next;
            if (lexer.AtEnd || next is (byte)'<' or (byte)'>' or (byte)')' or (byte)':' or (byte)';' or (byte)'@' or (byte)',')
                return;

            if (apart && next != '.' && !afterDot)
            {
                _nameLength = _phrase.Length;
                _local.Truncate(0);
            }

            if (apart)
                _phrase.Append((byte)' ');

            var start = _phrase.Length;
            afterDot = lexer.TrySkip((byte)'.');
            if (afterDot)
                _phrase.Append((byte)'.');
            else if (next == '"')
                lexer.QuotedString(ref _phrase);
            else
                _phrase.Append(lexer.Until(WordEnd));

            _local.Append(_phrase.Span[start..]);
        }
    }

    /// <summary>local-part "@" domain, or a display name that was not quoted though it holds an "@".</summary>
    private void Plain(ref HeaderLexer lexer, ref PooledBytes into)
    {
        lexer.Skip();
        Domain(ref lexer);
        lexer.SkipBlanks(ref _comment);
        if (lexer.Next == '<')
        {
            _phrase.Append((byte)'@');
            _phrase.Append(_domain.Span);
            Angle(ref lexer, ref into);
            return;
        }

        SkipToEnd(ref lexer);
        Write(_nameLength > 0 ? _phrase.Span[.._nameLength] : _comment.Span, [], _local.Span, _domain.Span, ref into);
    }

    /// <summary>"&lt;" [route ":"] addr-spec "&gt;" with the phrase before it as the name.</summary>
    private void Angle(ref HeaderLexer lexer, ref PooledBytes into)
    {
        (_name, _phrase) = (_phrase, _name);
        while (lexer.TrySkip((byte)'<'))
            lexer.SkipBlanks(ref _comment);

        var route = lexer.Next == '@' ? Route(ref lexer) : [];
        Words(ref lexer);
        _domain.Truncate(0);
        if (lexer.TrySkip((byte)'@'))
            Domain(ref lexer);

        SkipToEnd(ref lexer);
        Write(_name.Length > 0 ? _name.Span : _comment.Span, route, _local.Span, _domain.Span, ref into);
    }

    private static ReadOnlySpan<byte> Route(ref HeaderLexer lexer)
    {
        var start = lexer;
        var route = lexer.Until(RouteEnd);
        if (lexer.TrySkip((byte)':'))
            return route.Trim(" \t"u8);

        lexer = start;
        return [];
    }

    private void Domain(ref HeaderLexer lexer)
    {
        _domain.Truncate(0);
        var afterDot = true;
        while (true)
        {
            var apart = lexer.SkipBlanks(ref _comment);
            if (lexer.AtEnd || (apart && !afterDot && lexer.Next != '.'))
                return;

            var part = lexer.Next == '[' ? Literal(ref lexer) : lexer.Until(DomainEnd);
            if (part.IsEmpty)
                return;

            _domain.Append(part);
            afterDot = part[^1] == '.';
        }
    }

    private static ReadOnlySpan<byte> Literal(ref HeaderLexer lexer)
    {
        var close = lexer.Rest.IndexOf((byte)']');
        var literal = close < 0 ? lexer.Rest : lexer.Rest[..(close + 1)];
        lexer.Skip(literal.Length);
        return literal;
    }

    /// <summary>Passes over what stands behind an address, up to the next comma or semicolon.</summary>
    private void SkipToEnd(ref HeaderLexer lexer)
    {
        while (!lexer.AtEnd)
        {
            lexer.Until(EntryEnd);
            if (lexer.Next == '"')
                lexer.SkipQuotedString();
            else if (lexer.Next == '(')
                lexer.SkipBlanks(ref _comment);
            else
                return;
        }
    }

    private void BeginGroup(ref PooledBytes into)
    {
        if (_phrase.Length == 0)
            return;

        EndGroup(ref into);
        _inGroup = true;
        _room--;
        into.Append(More | HasMailbox);
        into.AppendString(_phrase.Span);
    }

    private void EndGroup(ref PooledBytes into)
    {
        if (!_inGroup)
            return;

        _inGroup = false;
        _room--;
        into.Append(More);
    }

    private void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> route, ReadOnlySpan<byte> mailbox, ReadOnlySpan<byte> host, ref PooledBytes into)
    {
        _room--;
        into.Append((byte)(More | HasMailbox | HasHost | (name.IsEmpty ? 0 : HasName) | (route.IsEmpty ? 0 : HasRoute)));
        if (!name.IsEmpty)
            into.AppendString(name);

        if (!route.IsEmpty)
            into.AppendString(route);

        into.AppendString(mailbox);
        into.AppendString(host);
    }
}
