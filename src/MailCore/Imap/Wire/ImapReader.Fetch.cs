using System.Buffers;
using System.Globalization;
using System.Text;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    private static readonly FetchItem FetchFlags = new(FetchKind.Flags);
    private static readonly FetchItem FetchDate = new(FetchKind.InternalDate);
    private static readonly FetchItem FetchSize = new(FetchKind.Size);
    private static readonly FetchItem FetchEnvelope = new(FetchKind.Envelope);
    private static readonly FetchItem FetchUid = new(FetchKind.Uid);
    private static readonly FetchItem FetchStructure = new(FetchKind.BodyStructure);
    private static readonly FetchItem FetchBody = new(FetchKind.Body);
    private static readonly FetchItem FetchModSeq = new(FetchKind.ModSeq);
    private static readonly FetchItem FetchEmailId = new(FetchKind.EmailId);
    private static readonly FetchItem FetchThreadId = new(FetchKind.ThreadId);
    private static readonly FetchItem FetchSaveDate = new(FetchKind.SaveDate);
    private static readonly SearchValues<byte> FieldOctets = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x20).Select(static i => (byte)i).Where(static octet => octet != ':')]);

    /// <summary>What FETCH asks for: a macro, one item or a list of them.</summary>
    public List<FetchItem> FetchItems()
    {
        var items = new List<FetchItem>();
        if (TryOpenList())
        {
            do
            {
                Add(items, FetchItem());
            }
            while (!Failed && NextElement());

            return items;
        }

        var start = _position;
        var word = Failed ? default : Word();
        if (Is(word, "ALL"u8))
        {
            items.AddRange(FetchFlags, FetchDate, FetchSize, FetchEnvelope);
        }
        else if (Is(word, "FAST"u8))
        {
            items.AddRange(FetchFlags, FetchDate, FetchSize);
        }
        else if (Is(word, "FULL"u8))
        {
            items.AddRange(FetchFlags, FetchDate, FetchSize, FetchEnvelope, FetchBody);
        }
        else
        {
            _position = start;
            items.Add(FetchItem());
        }

        return items;
    }

    private static void Add(List<FetchItem> items, FetchItem item)
    {
        if (item.Kind is FetchKind.Section or FetchKind.Binary or FetchKind.BinarySize || !items.Exists(other => other.Kind == item.Kind))
        {
            items.Add(item);
        }
    }

    private FetchItem FetchItem()
    {
        var start = _position;
        var word = Word();
        FetchItem? item =
            Is(word, "FLAGS"u8) ? FetchFlags
            : Is(word, "UID"u8) ? FetchUid
            : Is(word, "INTERNALDATE"u8) ? FetchDate
            : Is(word, "RFC822.SIZE"u8) ? FetchSize
            : Is(word, "ENVELOPE"u8) ? FetchEnvelope
            : Is(word, "BODYSTRUCTURE"u8) ? FetchStructure
            : Is(word, "BINARY"u8) ? Binary("BINARY[", FetchKind.Binary) with { SetsSeen = true }
            : Is(word, "BINARY.PEEK"u8) ? Binary("BINARY[", FetchKind.Binary)
            : Is(word, "BINARY.SIZE"u8) ? Binary("BINARY.SIZE[", FetchKind.BinarySize)
            : Is(word, "EMAILID"u8) ? FetchEmailId
            : Is(word, "THREADID"u8) ? FetchThreadId
            : Is(word, "SAVEDATE"u8) ? FetchSaveDate
            : Is(word, "PREVIEW"u8) ? Preview()
            : Is(word, "BODY"u8) ? (Next == '[' ? Section(setsSeen: true) : FetchBody)
            : Is(word, "BODY.PEEK"u8) ? Section(setsSeen: false)
            : Is(word, "MODSEQ"u8) ? FetchModSeq
            : Is(word, "RFC822"u8) ? Whole("RFC822", SectionText.All, setsSeen: true)
            : Is(word, "RFC822.HEADER"u8) ? Whole("RFC822.HEADER", SectionText.Header, setsSeen: false)
            : Is(word, "RFC822.TEXT"u8) ? Whole("RFC822.TEXT", SectionText.Text, setsSeen: true)
            : null;
        if (item is null && !Failed)
        {
            Fail("there is no such thing to fetch", start);
        }

        return item ?? FetchFlags;
    }

    private static FetchItem Whole(string label, SectionText text, bool setsSeen) =>
        new(FetchKind.Section) { Label = Encoding.ASCII.GetBytes(label), Text = text, SetsSeen = setsSeen };

    // RFC 8970 3.2; what else stands in parentheses behind it are modifiers of FETCH.
    private FetchItem Preview()
    {
        var modifier = " (LAZY)"u8;
        var isLazy = Rest.Length >= modifier.Length && Is(Rest[..modifier.Length], modifier);
        _position += isLazy ? modifier.Length : 0;
        return new FetchItem(FetchKind.Preview) { IsLazy = isLazy };
    }

    private FetchItem Section(bool setsSeen)
    {
        var label = new StringBuilder("BODY[");
        Expect((byte)'[', "'[' expected");
        var part = PartNumbers(label);
        var text = SectionText.All;
        var fields = new List<byte[]>();
        if (!Failed && Next != ']')
        {
            text = SectionName(part.Count, label);
            if (text is SectionText.HeaderFields or SectionText.HeaderFieldsNot)
            {
                FieldNames(fields, label);
            }
        }

        Expect((byte)']', "']' expected");
        label.Append(']');
        var (start, length) = Partial(label);
        return new FetchItem(FetchKind.Section)
        {
            Label = Encoding.ASCII.GetBytes(label.ToString()),
            Part = [.. part],
            Text = text,
            Fields = fields,
            SetsSeen = setsSeen,
            PartialStart = start,
            PartialLength = length,
        };
    }

    private FetchItem Binary(string name, FetchKind kind)
    {
        var label = new StringBuilder(name);
        Expect((byte)'[', "'[' expected");
        var part = PartNumbers(label);
        Expect((byte)']', "']' expected");
        label.Append(']');
        var (start, length) = kind == FetchKind.Binary ? Partial(label) : default;
        return new FetchItem(kind)
        {
            Label = Encoding.ASCII.GetBytes(label.ToString()),
            Part = [.. part],
            PartialStart = start,
            PartialLength = length,
        };
    }

    private (uint Start, uint? Length) Partial(StringBuilder label)
    {
        if (!TryByte((byte)'<'))
        {
            return default;
        }

        var start = Number();
        Expect((byte)'.', "'.' expected");
        var length = NonZeroNumber();
        Expect((byte)'>', "'>' expected");
        label.Append(CultureInfo.InvariantCulture, $"<{start}>");
        return (start, length);
    }

    private List<int> PartNumbers(StringBuilder label)
    {
        var part = new List<int>();
        while (Next is >= (byte)'0' and <= (byte)'9')
        {
            var number = NonZeroNumber();
            part.Add((int)Math.Min(number, int.MaxValue));
            label.Append(number);
            if (!TryByte((byte)'.'))
            {
                break;
            }

            label.Append('.');
            if (Next == ']')
            {
                Fail("a part number or the name of a section expected");
            }
        }

        return part;
    }

    private SectionText SectionName(int partNumbers, StringBuilder label)
    {
        var start = _position;
        var name = Word();
        SectionText? text =
            Is(name, "HEADER"u8) ? SectionText.Header
            : Is(name, "TEXT"u8) ? SectionText.Text
            : Is(name, "HEADER.FIELDS"u8) ? SectionText.HeaderFields
            : Is(name, "HEADER.FIELDS.NOT"u8) ? SectionText.HeaderFieldsNot
            : Is(name, "MIME"u8) && partNumbers > 0 ? SectionText.Mime
            : null;
        // "1TEXT" is no section.
        if (!Failed && (text is null || (partNumbers > 0 && label[^1] != '.')))
        {
            Fail("there is no such section", start);
        }

        label.Append(Encoding.ASCII.GetString(name).ToUpperInvariant());
        return text ?? SectionText.All;
    }

    private void FieldNames(List<byte[]> fields, StringBuilder label)
    {
        Space();
        OpenList();
        label.Append(" (");
        var more = !Failed;
        while (more)
        {
            var start = _position;
            var name = Astring();
            if (!Failed && (name.IsEmpty || name.ContainsAnyExcept(FieldOctets)))
            {
                Fail("the name of a header field expected", start);
            }

            label.Append(fields.Count > 0 ? " " : "");
            AppendFieldName(name, label);
            fields.Add(name.ToArray());
            more = NextElement();
        }

        label.Append(')');
    }

    private static void AppendFieldName(ReadOnlySpan<byte> name, StringBuilder label)
    {
        var text = Encoding.ASCII.GetString(name);
        label.Append(name.ContainsAnyExcept(AstringOctets)
            ? $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""
            : text);
    }
}
