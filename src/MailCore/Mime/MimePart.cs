using System.Text;

namespace MailCore.Mime;

/// <summary>
/// A node of a message's structure. Offsets count octets from the start of the content as stored, which is behind a recipient's
/// own prefix. A multipart always has children and a message/rfc822 or message/global always has a message in it: where the
/// octets don't bear that out (no boundary, no part, a limit passed) the node is a text/plain or application/octet-stream.
/// </summary>
public sealed class MimePart
{
    private static readonly ReadOnlyMemory<byte> SevenBit = "7bit"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> TextType = "text"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> PlainType = "plain"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> ApplicationType = "application"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> OctetStreamType = "octet-stream"u8.ToArray();

    private MimePart(ref SummaryReader reader, long origin)
    {
        var flags = (PartFields)reader.Number();
        HeaderOffset = origin + reader.Number();
        HeaderLength = reader.Number();
        BodyLength = reader.Number();
        LineCount = reader.Number();
        ChildCount = (int)reader.Number();
        IsMultipart = flags.HasFlag(PartFields.Multipart);
        (Type, Subtype) = flags.HasFlag(PartFields.Type) ? (reader.Octets(), reader.Octets())
            : flags.HasFlag(PartFields.Opaque) ? (ApplicationType, OctetStreamType) : (TextType, PlainType);
        Parameters = flags.HasFlag(PartFields.Type) ? ReadParameters(ref reader) : [];
        TransferEncoding = Text(ref reader, flags, PartFields.TransferEncoding) ?? SevenBit;
        ContentId = Text(ref reader, flags, PartFields.ContentId);
        Description = Text(ref reader, flags, PartFields.Description);
        Disposition = Text(ref reader, flags, PartFields.Disposition);
        DispositionParameters = flags.HasFlag(PartFields.Disposition) ? ReadParameters(ref reader) : [];
        Languages = flags.HasFlag(PartFields.Languages) ? ReadLanguages(ref reader) : [];
        Location = Text(ref reader, flags, PartFields.Location);
        Md5 = Text(ref reader, flags, PartFields.Md5);
        NestedEnvelope = flags.HasFlag(PartFields.Message) ? new MessageEnvelope(reader.Octets()) : null;
    }

    /// <summary>Media type as written; "text" by default.</summary>
    public ReadOnlyMemory<byte> Type { get; }

    /// <summary>Media subtype as written; "plain" by default.</summary>
    public ReadOnlyMemory<byte> Subtype { get; }

    /// <summary>Of Content-Type, in their order. A missing charset is not made up.</summary>
    public IReadOnlyList<MimeParameter> Parameters { get; }

    /// <summary>Content-Transfer-Encoding as written; "7bit" by default.</summary>
    public ReadOnlyMemory<byte> TransferEncoding { get; }

    /// <summary>With its angle brackets.</summary>
    public ReadOnlyMemory<byte>? ContentId { get; }

    /// <summary>Unfolded, encoded words still encoded.</summary>
    public ReadOnlyMemory<byte>? Description { get; }

    /// <summary>Type of Content-Disposition ("attachment") as written.</summary>
    public ReadOnlyMemory<byte>? Disposition { get; }

    /// <summary>Of Content-Disposition, in their order.</summary>
    public IReadOnlyList<MimeParameter> DispositionParameters { get; }

    /// <summary>Tags of Content-Language.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Languages { get; }

    /// <summary>Content-Location, unfolded.</summary>
    public ReadOnlyMemory<byte>? Location { get; }

    /// <summary>Content-MD5 as written.</summary>
    public ReadOnlyMemory<byte>? Md5 { get; }

    /// <summary>First octet of the header block.</summary>
    public long HeaderOffset { get; }

    /// <summary>Octets of the header block with the empty line that ends it, where there is one.</summary>
    public long HeaderLength { get; }

    /// <summary>First octet of the body; the header block ends here.</summary>
    public long BodyOffset => HeaderOffset + HeaderLength;

    /// <summary>Octets of the body in its transfer encoding, without the line end that belongs to a following boundary.</summary>
    public long BodyLength { get; }

    /// <summary>Line ends (LF) in the body.</summary>
    public long LineCount { get; }

    /// <summary>Parts of a multipart, at least one; empty for all others.</summary>
    public IReadOnlyList<MimePart> Children { get; private set; } = [];

    /// <summary>Envelope of the message in a message/rfc822 or message/global; null for all others.</summary>
    public MessageEnvelope? NestedEnvelope { get; }

    /// <summary>Structure of the message in a message/rfc822 or message/global; null for all others.</summary>
    public MimePart? NestedRoot { get; private set; }

    /// <summary>Whether there are <see cref="Children"/>.</summary>
    public bool IsMultipart { get; }

    /// <summary>Whether there is a <see cref="NestedRoot"/>.</summary>
    public bool IsMessage => NestedEnvelope is not null;

    /// <summary>Whether the media type is text.</summary>
    public bool IsText => Ascii.EqualsIgnoreCase(Type.Span, "text"u8);

    /// <summary>Whether the media type is this one, without regard to case.</summary>
    public bool Is(ReadOnlySpan<byte> type, ReadOnlySpan<byte> subtype) =>
        Ascii.EqualsIgnoreCase(Type.Span, type) && Ascii.EqualsIgnoreCase(Subtype.Span, subtype);

    /// <summary>A parameter of Content-Type as text: RFC 2231 charsets and encoded words are decoded. Null when absent.</summary>
    public string? GetParameter(string name) => ParameterText.Find(Parameters, name);

    /// <summary>A parameter of Content-Disposition as text: RFC 2231 charsets and encoded words are decoded. Null when absent.</summary>
    public string? GetDispositionParameter(string name) => ParameterText.Find(DispositionParameters, name);

    internal int ChildCount { get; }

    /// <summary>
    /// The part that an IMAP section names (RFC 9051 6.4.5), this being the root of a message; null when there is none.
    /// Part 1 of a message that is no multipart is the message's body; numbers behind a message/rfc822 lead into it.
    /// </summary>
    /// <param name="section">One-based part numbers; empty is the message itself.</param>
    public MimePart? Find(ReadOnlySpan<int> section)
    {
        if (section.IsEmpty)
            return this;

        var part = Number(section[0]);
        foreach (var number in section[1..])
        {
            part = part is null ? null
                : part.IsMultipart ? part.Number(number)
                : part.NestedRoot?.Number(number);
        }

        return part;
    }

    private MimePart? Number(int number) =>
        IsMultipart ? (number >= 1 && number <= Children.Count ? Children[number - 1] : null) : number == 1 ? this : null;

    /// <summary>Reads a tree from octets that <see cref="IsValid"/> has passed.</summary>
    internal static MimePart ReadTree(ref SummaryReader reader)
    {
        // A loop with a stack of its own: the depth is the sender's choice.
        var root = new MimePart(ref reader, 0);
        var open = new Stack<(MimePart Part, MimePart[] Children, int Filled)>();
        var current = root;
        while (true)
        {
            if (current.ChildCount > 0)
                open.Push((current, new MimePart[current.ChildCount], 0));

            while (open.TryPeek(out var top) && top.Filled == top.Children.Length)
            {
                open.Pop();
                top.Part.Adopt(top.Children);
            }

            if (!open.TryPop(out var parent))
                return root;

            current = new MimePart(ref reader, parent.Part.BodyOffset);
            parent.Children[parent.Filled] = current;
            open.Push(parent with { Filled = parent.Filled + 1 });
        }
    }

    /// <summary>Whether the octets hold whole parts, as many as they say.</summary>
    internal static bool IsValid(ref SummaryReader reader, int parts)
    {
        var expected = 1L;
        for (var i = 0; i < parts && !reader.Failed; i++)
        {
            var flags = (PartFields)reader.Count((int)PartFields.All);
            for (var number = 0; number < 4; number++)
                reader.Number();

            var children = reader.Count(parts);
            var shape = flags & (PartFields.Multipart | PartFields.Message);
            if (expected <= i || !(shape switch
            {
                PartFields.None => children == 0,
                PartFields.Message => children == 1,
                PartFields.Multipart => children > 0,
                _ => false,
            }))
            {
                return false;
            }

            expected += children;
            SkipFields(ref reader, flags);
        }

        return !reader.Failed && expected == parts && reader.AtEnd;
    }

    private static void SkipFields(ref SummaryReader reader, PartFields flags)
    {
        if (flags.HasFlag(PartFields.Type))
        {
            reader.Octets();
            reader.Octets();
            SkipParameters(ref reader);
        }

        foreach (var field in (ReadOnlySpan<PartFields>)[PartFields.TransferEncoding, PartFields.ContentId, PartFields.Description, PartFields.Disposition])
            Text(ref reader, flags, field);

        if (flags.HasFlag(PartFields.Disposition))
            SkipParameters(ref reader);

        if (flags.HasFlag(PartFields.Languages))
        {
            for (var left = reader.Count(int.MaxValue); left > 0 && !reader.Failed; left--)
                reader.Octets();
        }

        Text(ref reader, flags, PartFields.Location);
        Text(ref reader, flags, PartFields.Md5);
        if (flags.HasFlag(PartFields.Message) && !MessageEnvelope.IsValid(reader.Octets()))
            reader.Fail();
    }

    private static void SkipParameters(ref SummaryReader reader)
    {
        for (var left = reader.Count(int.MaxValue); left > 0 && !reader.Failed; left--)
        {
            reader.Octets();
            reader.Octets();
        }
    }

    private static ReadOnlyMemory<byte>? Text(ref SummaryReader reader, PartFields flags, PartFields field) => reader.Optional((int)flags, (int)field);

    private static MimeParameter[] ReadParameters(ref SummaryReader reader)
    {
        var count = (int)reader.Number();
        if (count == 0)
            return [];

        var parameters = new MimeParameter[count];
        foreach (ref var parameter in parameters.AsSpan())
            parameter = new MimeParameter(reader.Octets(), reader.Octets());

        return parameters;
    }

    private static ReadOnlyMemory<byte>[] ReadLanguages(ref SummaryReader reader)
    {
        var languages = new ReadOnlyMemory<byte>[(int)reader.Number()];
        foreach (ref var language in languages.AsSpan())
            language = reader.Octets();

        return languages;
    }

    private void Adopt(MimePart[] children)
    {
        if (IsMultipart)
            Children = children;
        else
            NestedRoot = children[0];
    }
}

/// <summary>Which fields an encoded part holds, in their order; part of the stored format.</summary>
[Flags]
internal enum PartFields
{
    None = 0,
    Type = 1,
    TransferEncoding = 2,
    ContentId = 4,
    Description = 8,
    Disposition = 16,
    Languages = 32,
    Location = 64,
    Md5 = 128,
    Multipart = 256,
    Message = 512,

    /// <summary>Without a type: application/octet-stream rather than text/plain.</summary>
    Opaque = 1024,
    All = 2047,
}
