using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// Content-Type, Content-Disposition and their like (RFC 2045 5.1, RFC 2183, RFC 2231) into the fields of an encoded part. Never
/// refuses. Keeps its buffers between values; not thread-safe.
/// </summary>
internal sealed class ContentFields(int maxParameters)
{
    private static readonly SearchValues<byte> TokenEnd = SearchValues.Create("()<>@,;:\\\"/[]?= \t\r\n"u8);
    private static readonly SearchValues<byte> NameEnd = SearchValues.Create("(;=\" \t\r\n"u8);
    private static readonly SearchValues<byte> ValueEnd = SearchValues.Create("; \t\r\n"u8);
    private static readonly SearchValues<byte> NextParameter = SearchValues.Create(";="u8);

    // What RFC 2231 lets stand unencoded in an extended value.
    private static readonly SearchValues<byte> AttributeChars =
        SearchValues.Create("!#$&+-.^_`{|}~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private PooledBytes _scratch;
    private PooledBytes _ignored;
    private Slot[] _parameters = [];
    private int _count;

    /// <summary>
    /// Type, subtype and parameters. Without a subtype "multipart" means "mixed"; anything else that is no media type is
    /// text/plain (RFC 2045 5.2).
    /// </summary>
    public void AppendContentType(ReadOnlySpan<byte> value, ref PooledBytes into)
    {
        var lexer = new HeaderLexer(value);
        lexer.SkipBlanks(ref _ignored);
        var type = lexer.Until(TokenEnd);
        lexer.SkipBlanks(ref _ignored);
        var subtype = default(ReadOnlySpan<byte>);
        if (lexer.TrySkip((byte)'/'))
        {
            lexer.SkipBlanks(ref _ignored);
            subtype = lexer.Until(TokenEnd);
        }

        if (subtype.IsEmpty && Ascii.EqualsIgnoreCase(type, "multipart"u8))
            subtype = "mixed"u8;

        var valid = !type.IsEmpty && !subtype.IsEmpty;
        into.AppendString(valid ? type : "text"u8);
        into.AppendString(valid ? subtype : "plain"u8);
        AppendParameters(ref lexer, ref into);
    }

    /// <summary>Disposition type and parameters; false, and nothing appended, when there is no type.</summary>
    public bool TryAppendDisposition(ReadOnlySpan<byte> value, ref PooledBytes into)
    {
        var lexer = new HeaderLexer(value);
        lexer.SkipBlanks(ref _ignored);
        var type = lexer.Until(TokenEnd);
        if (type.IsEmpty)
            return false;

        into.AppendString(type);
        AppendParameters(ref lexer, ref into);
        return true;
    }

    /// <summary>The one token of a Content-Transfer-Encoding, quoted or not; false when there is none.</summary>
    public bool TryAppendToken(ReadOnlySpan<byte> value, ref PooledBytes into)
    {
        var lexer = new HeaderLexer(value);
        lexer.SkipBlanks(ref _ignored);
        _scratch.Truncate(0);
        if (lexer.Next == '"')
            lexer.QuotedString(ref _scratch);
        else
            _scratch.Append(lexer.Until(TokenEnd));

        if (_scratch.Length == 0)
            return false;

        into.AppendString(_scratch.Span);
        return true;
    }

    /// <summary>The tags of a Content-Language with their number before them; false when there is none.</summary>
    public bool TryAppendLanguages(ReadOnlySpan<byte> value, ref PooledBytes into)
    {
        _count = 0;
        _scratch.Truncate(0);
        var lexer = new HeaderLexer(value);
        while (_count < maxParameters)
        {
            lexer.SkipBlanks(ref _ignored);
            if (lexer.AtEnd)
                break;

            var tag = lexer.Until(TokenEnd);
            if (tag.IsEmpty)
            {
                lexer.Skip();
                continue;
            }

            _scratch.AppendString(tag);
            _count++;
        }

        if (_count == 0)
            return false;

        into.AppendNumber(_count);
        into.Append(_scratch.Span);
        return true;
    }

    public void Release()
    {
        _scratch.Release();
        _ignored.Release();
        if (_parameters.Length > 0)
            ArrayPool<Slot>.Shared.Return(_parameters);

        _parameters = [];
    }

    private void AppendParameters(ref HeaderLexer lexer, ref PooledBytes into)
    {
        _count = 0;
        _scratch.Truncate(0);
        while (_count < maxParameters)
        {
            lexer.SkipBlanks(ref _ignored);
            if (lexer.TrySkip((byte)';'))
                continue;

            if (lexer.AtEnd)
                break;

            Parameter(ref lexer);
        }

        JoinContinuations();
        into.AppendNumber(_count);
        foreach (ref readonly var parameter in _parameters.AsSpan(0, _count))
        {
            into.AppendString(_scratch.Span.Slice(parameter.Name, parameter.NameLength));
            into.AppendString(_scratch.Span.Slice(parameter.Value, parameter.ValueLength));
        }
    }

    private void Parameter(ref HeaderLexer lexer)
    {
        var name = lexer.Until(NameEnd);
        lexer.SkipBlanks(ref _ignored);
        if (!lexer.TrySkip((byte)'='))
        {
            // Not a parameter; a stray quote or the like must not stop the rest.
            if (name.IsEmpty && lexer.Next == '"')
                lexer.SkipQuotedString();

            return;
        }

        lexer.SkipBlanks(ref _ignored);
        var start = _scratch.Length;
        _scratch.Append(name);
        var value = _scratch.Length;
        if (lexer.Next == '"')
            lexer.QuotedString(ref _scratch);
        else
            _scratch.Append(Unquoted(ref lexer));

        if (!name.IsEmpty)
            Add(start, value);
    }

    /// <summary>
    /// A value without quotes. It may hold octets that want quotes, and white space too unless what follows looks like a comment
    /// or, the semicolon missing, like another parameter.
    /// </summary>
    private static ReadOnlySpan<byte> Unquoted(ref HeaderLexer lexer)
    {
        var rest = lexer.Rest;
        var length = lexer.Until(ValueEnd).Length;
        var behind = lexer.Rest.TrimStart(" \t"u8);
        if (!behind.IsEmpty && behind[0] is not ((byte)';' or (byte)'('))
        {
            var next = behind.IndexOfAny(NextParameter);
            if (next < 0 || behind[next] == ';')
            {
                var whole = rest.Length - behind.Length + (next < 0 ? behind.Length : next);
                lexer.Skip(whole - length);
                length = whole;
            }
        }

        return rest[..length].TrimEnd(" \t\r\n"u8);
    }

    private void Add(int start, int value)
    {
        if (_parameters.Length == 0)
            _parameters = ArrayPool<Slot>.Shared.Rent(maxParameters);

        var parameter = new Slot
        {
            Name = start,
            NameLength = value - start,
            Value = value,
            ValueLength = _scratch.Length - value,
            Section = -1,
        };
        SplitName(ref parameter);
        _parameters[_count++] = parameter;
    }

    /// <summary>name*section* (RFC 2231 3 and 4); "name*" alone is extended but no continuation and keeps its asterisk.</summary>
    private void SplitName(ref Slot parameter)
    {
        var name = _scratch.Span.Slice(parameter.Name, parameter.NameLength);
        var star = name.IndexOf((byte)'*');
        if (star <= 0)
            return;

        var section = name[(star + 1)..];
        var extended = section.EndsWith("*"u8);
        var digits = extended ? section[..^1] : section;
        if (digits.IsEmpty || digits.Length > 4 || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return;

        parameter.Section = int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
        parameter.Extended = extended;
        parameter.NameLength = star;
    }

    /// <summary>
    /// Puts the sections of a value together where the first of them stands. If one of them is extended, so is the whole, under a
    /// name that ends in '*'. Sections behind a gap are dropped.
    /// </summary>
    private void JoinContinuations()
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            var parameter = _parameters[i];
            if (parameter.Section == Joined || (parameter.Section >= 0 && !TryJoin(i, ref parameter)))
                continue;

            _parameters[kept++] = parameter;
        }

        _count = kept;
    }

    private bool TryJoin(int first, ref Slot parameter)
    {
        Span<int> order = stackalloc int[Math.Min(_count, 256)];
        var sections = 0;
        var extended = false;
        for (int found; sections < order.Length && (found = FindSection(first, sections)) >= 0; sections++)
        {
            order[sections] = found;
            extended |= _parameters[found].Extended;
        }

        MarkJoined(first);
        if (sections == 0)
            return false;

        var name = _scratch.Length;
        CopyScratch(parameter.Name, parameter.NameLength);
        if (extended)
            _scratch.Append((byte)'*');

        var value = _scratch.Length;
        if (extended && !_parameters[order[0]].Extended)
            _scratch.Append("''"u8);

        foreach (var index in order[..sections])
        {
            ref readonly var section = ref _parameters[index];
            if (extended && !section.Extended)
                PercentEncode(section.Value, section.ValueLength);
            else
                CopyScratch(section.Value, section.ValueLength);
        }

        parameter = new Slot { Name = name, NameLength = value - name, Value = value, ValueLength = _scratch.Length - value };
        return true;
    }

    private int FindSection(int first, int section)
    {
        for (var i = first; i < _count; i++)
        {
            if (_parameters[i].Section == section && SameName(first, i))
                return i;
        }

        return -1;
    }

    private void MarkJoined(int first)
    {
        for (var i = _count - 1; i >= first; i--)
        {
            if (_parameters[i].Section >= 0 && SameName(first, i))
                _parameters[i].Section = Joined;
        }
    }

    private bool SameName(int a, int b) =>
        Ascii.EqualsIgnoreCase(
            _scratch.Span.Slice(_parameters[a].Name, _parameters[a].NameLength),
            _scratch.Span.Slice(_parameters[b].Name, _parameters[b].NameLength));

    private void CopyScratch(int start, int length)
    {
        var room = _scratch.Reserve(length);
        _scratch.Span.Slice(start, length).CopyTo(room);
        _scratch.Advance(length);
    }

    private void PercentEncode(int start, int length)
    {
        for (var i = start; i < start + length; i++)
        {
            var octet = _scratch.Span[i];
            if (AttributeChars.Contains(octet))
            {
                _scratch.Append(octet);
            }
            else
            {
                _scratch.Append((byte)'%');
                _scratch.Append((byte)Digit(octet >> 4));
                _scratch.Append((byte)Digit(octet & 15));
            }
        }
    }

    private static int Digit(int value) => value < 10 ? '0' + value : 'A' + value - 10;

    private const int Joined = -2;

    private struct Slot
    {
        public int Name;
        public int NameLength;
        public int Value;
        public int ValueLength;
        public int Section;
        public bool Extended;
    }
}
