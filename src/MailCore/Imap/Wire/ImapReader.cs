using System.Buffers;
using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>
/// Parses one complete command: its lines, joined by CRLF, with the octets of its literals in between. The first failure sticks:
/// every later call does nothing and returns an empty value, so that callers ask once, at the end. Never throws.
/// </summary>
/// <param name="input">Valid for the life of the reader; what methods return points into it or into fresh memory.</param>
/// <param name="maxDepth">Parentheses within parentheses.</param>
internal ref partial struct ImapReader(ReadOnlySpan<byte> input, int maxDepth)
{
    // RFC 3501 9; CTL and octets past ASCII are in none of them.
    private static readonly SearchValues<byte> AtomOctets = Printable(except: "(){ %*\"\\]");
    private static readonly SearchValues<byte> AstringOctets = Printable(except: "(){ %*\"\\");
    private static readonly SearchValues<byte> TagOctets = Printable(except: "(){ %*\"\\+");
    private static readonly SearchValues<byte> ListOctets = Printable(except: "(){ \"\\");
    private static readonly SearchValues<byte> WordOctets = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"u8);
    private static readonly SearchValues<byte> QuotedEnds = SearchValues.Create("\"\\\r\n\0"u8);

    private readonly ReadOnlySpan<byte> _input = input;
    private int _position;
    private int _depth;

    /// <summary>The answer where a mailbox name was expected.</summary>
    public static ImapReply NoName { get; } = ImapReply.No("This can't be a mailbox's name", "CANNOT");

    /// <summary>What the client has turned on.</summary>
    public ImapFeatures Features { get; init; }

    /// <summary>Mailbox names are UTF-8 (RFC 9051 5.1, RFC 6855 3), else modified UTF-7.</summary>
    public readonly bool ReadsUtf8Names => (Features & (ImapFeatures.Rev2 | ImapFeatures.Utf8)) != 0;

    /// <summary>What was wrong, and where; null while all is well.</summary>
    public string? Error { get; private set; }

    /// <summary>Counted in octets of the whole command, from 1.</summary>
    public int ErrorPosition { get; private set; }

    /// <summary>The answer to give when it is not BAD with a position: the syntax was right and the value was not.</summary>
    public ImapReply? Refusal { get; private set; }

    public readonly bool Failed => Error is not null;

    public readonly bool AtEnd => _position == _input.Length;

    private readonly ReadOnlySpan<byte> Rest => Failed ? default : _input[_position..];

    private readonly byte Next => Failed || AtEnd ? (byte)0 : _input[_position];

    /// <summary>Octets read.</summary>
    public readonly int Position => _position;

    public void Fail(string error) => Fail(error, _position);

    public void Fail(string error, int position)
    {
        if (!Failed)
        {
            Error = error;
            ErrorPosition = position + 1;
        }
    }

    public void Refuse(ImapReply reply)
    {
        if (!Failed)
        {
            Fail(reply.Text);
            Refusal = reply;
        }
    }

    /// <summary>Refuses message numbers to a client that speaks of UIDs alone (RFC 9586 3).</summary>
    public void RequireUids()
    {
        if ((Features & ImapFeatures.UidOnly) != 0)
        {
            Refuse(ImapReply.Bad("Message numbers are not used once UIDONLY is on", "UIDREQUIRED"));
        }
    }

    /// <summary>Exactly one.</summary>
    public void Space() => Expect((byte)' ', "a space expected");

    public bool TrySpace() => TryByte((byte)' ');

    public readonly bool NextIs(byte value) => Next == value;

    public bool TryByte(byte value)
    {
        if (Next != value || value == 0)
        {
            return false;
        }

        _position++;
        return true;
    }

    /// <summary>Everything that is left.</summary>
    public ReadOnlySpan<byte> ToEnd()
    {
        var rest = Rest;
        _position += rest.Length;
        return rest;
    }

    public void End()
    {
        if (!AtEnd)
        {
            Fail("the end of the command expected");
        }
    }

    public void OpenList()
    {
        Expect((byte)'(', "'(' expected");
        Descend();
    }

    public bool TryOpenList()
    {
        if (Next != '(')
        {
            return false;
        }

        OpenList();
        return !Failed;
    }

    /// <summary>
    /// Ends a list, or steps over the space before its next element: false at the end and after a failure. For loops of the form
    /// do ... while.
    /// </summary>
    public bool NextElement()
    {
        if (TryByte((byte)')'))
        {
            Ascend();
            return false;
        }

        Expect((byte)' ', "a space or ')' expected");
        return !Failed;
    }

    /// <summary>Ends a list if it ends here.</summary>
    public bool TryCloseList()
    {
        var closed = TryByte((byte)')');
        if (closed)
        {
            Ascend();
        }

        return closed;
    }

    private void Descend()
    {
        if (!Failed && ++_depth > maxDepth)
        {
            Fail("nested too deep");
        }
    }

    private void Ascend() => _depth--;

    public ReadOnlySpan<byte> Tag() => Token(TagOctets, "a tag expected");

    public ReadOnlySpan<byte> Atom() => Token(AtomOctets, "an atom expected");

    /// <summary>A name of the protocol's own: letters, digits, '.' and '-'.</summary>
    public ReadOnlySpan<byte> Word() => Token(WordOctets, "a name expected");

    public ReadOnlySpan<byte> Astring() => Next switch
    {
        (byte)'"' => Quoted(),
        (byte)'{' => Literal(),
        _ => Token(AstringOctets, "a string expected"),
    };

    public ReadOnlySpan<byte> String() => Next switch
    {
        (byte)'"' => Quoted(),
        (byte)'{' => Literal(),
        _ => Missing("a quoted string or literal expected"),
    };

    /// <summary>A string, or NIL as null.</summary>
    public byte[]? NString()
    {
        if (Next is (byte)'"' or (byte)'{')
        {
            return String().ToArray();
        }

        if (!Failed && !Is(Atom(), "NIL"u8))
        {
            Fail("a string or NIL expected");
        }

        return null;
    }

    /// <summary>An astring in UTF-8, as text.</summary>
    public string Text()
    {
        var start = _position;
        var octets = Astring();
        if (Failed)
        {
            return "";
        }

        if (!System.Text.Unicode.Utf8.IsValid(octets))
        {
            Fail("UTF-8 expected", start);
            return "";
        }

        return Encoding.UTF8.GetString(octets);
    }

    /// <summary>A mailbox name; one that can't be a name is refused with NO.</summary>
    /// <param name="mayEndInSeparator">A '/' at the end is passed over (RFC 3501 6.3.3).</param>
    public MailboxName Mailbox(bool mayEndInSeparator = false)
    {
        var octets = Astring();
        if (mayEndInSeparator && octets.Length > 1 && octets[^1] == MailboxName.Separator)
        {
            octets = octets[..^1];
        }

        if (Failed)
        {
            return default;
        }

        if (TryName(octets) is not { } name)
        {
            Refuse(NoName);
            return default;
        }

        return name;
    }

    /// <summary>A mailbox name; null for one that can't be a name.</summary>
    public MailboxName? MailboxOrNull() => TryName(Astring());

    /// <summary>A mailbox name with wildcards, as it came.</summary>
    public ReadOnlySpan<byte> ListMailbox() => Next switch
    {
        (byte)'"' => Quoted(),
        (byte)'{' => Literal(),
        _ => Token(ListOctets, "a mailbox name or pattern expected"),
    };

    /// <summary>1*DIGIT up to 4,294,967,295.</summary>
    public uint Number()
    {
        var rest = Rest;
        ulong value = 0;
        var length = 0;
        while (length < rest.Length && rest[length] is >= (byte)'0' and <= (byte)'9')
        {
            value = (value * 10) + rest[length] - '0';
            if (value > uint.MaxValue)
            {
                Fail("the number is too large");
                return 0;
            }

            length++;
        }

        if (length == 0)
        {
            Fail("a number expected");
        }

        _position += length;
        return (uint)value;
    }

    /// <summary>A number that does not begin with 0.</summary>
    public uint NonZeroNumber()
    {
        if (Next == '0')
        {
            Fail("0 is not allowed here");
        }

        return Number();
    }

    /// <summary>sequence-set, or '$' (RFC 5182).</summary>
    public NumberSet NumberSet()
    {
        if (TryByte((byte)'$'))
        {
            return Wire.NumberSet.Saved;
        }

        var ranges = new List<NumberRange>();
        do
        {
            var first = NumberOrStar();
            ranges.Add(new NumberRange(first, TryByte((byte)':') ? NumberOrStar() : first));
        }
        while (TryByte((byte)',') && !Failed);

        return new NumberSet([.. ranges]);
    }

    private readonly MailboxName? TryName(ReadOnlySpan<byte> octets)
    {
        string? text = null;
        var isName = ReadsUtf8Names ? System.Text.Unicode.Utf8.IsValid(octets) : ModifiedUtf7.TryDecode(octets, out text);
        return isName && MailboxName.TryParse(text ?? Encoding.UTF8.GetString(octets), out var name) ? name : null;
    }

    private uint NumberOrStar() => TryByte((byte)'*') ? NumberRange.Star : NonZeroNumber();

    private ReadOnlySpan<byte> Token(SearchValues<byte> octets, string expected)
    {
        var rest = Rest;
        var end = rest.IndexOfAnyExcept(octets);
        var token = end < 0 ? rest : rest[..end];
        if (token.IsEmpty)
        {
            return Missing(expected);
        }

        _position += token.Length;
        return token;
    }

    private ReadOnlySpan<byte> Quoted()
    {
        _position++;
        var rest = Rest;
        var end = 0;
        var escapes = 0;
        while (true)
        {
            var found = rest[end..].IndexOfAny(QuotedEnds);
            end = found < 0 ? rest.Length : end + found;
            if (found < 0 || rest[end] is not ((byte)'"' or (byte)'\\'))
            {
                _position += end;
                return Missing("the end of the quoted string expected");
            }

            if (rest[end] == '"')
            {
                _position += end + 1;
                return escapes == 0 ? rest[..end] : Unescape(rest[..end], escapes);
            }

            if (end + 1 >= rest.Length || rest[end + 1] is not ((byte)'"' or (byte)'\\'))
            {
                _position += end;
                return Missing("only '\"' and '\\' may stand behind '\\'");
            }

            escapes++;
            end += 2;
        }
    }

    private static byte[] Unescape(ReadOnlySpan<byte> text, int escapes)
    {
        var plain = new byte[text.Length - escapes];
        for (int from = 0, to = 0; from < text.Length; from++, to++)
        {
            from += text[from] == '\\' ? 1 : 0;
            plain[to] = text[from];
        }

        return plain;
    }

    private ReadOnlySpan<byte> Literal()
    {
        var start = _position;
        _position++;
        var length = Number();
        TryByte((byte)'+');
        if (!Failed && Rest.StartsWith("}\r\n"u8) && Rest.Length - 3 >= length)
        {
            var octets = Rest.Slice(3, (int)length);
            _position += 3 + octets.Length;
            return octets;
        }

        Fail("a literal expected", start);
        return default;
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(word, name);

    private ReadOnlySpan<byte> Missing(string expected)
    {
        Fail(expected);
        return default;
    }

    private void Expect(byte value, string expected)
    {
        if (!TryByte(value))
        {
            Fail(expected);
        }
    }

    private static SearchValues<byte> Printable(string except) =>
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x20).Select(static i => (byte)i).Where(octet => !except.Contains((char)octet))]);
}
