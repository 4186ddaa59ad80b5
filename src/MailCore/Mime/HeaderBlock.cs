using System.Text;

namespace MailCore.Mime;

/// <summary>Turns a header block into the fields of an encoded part and envelope. Keeps its buffers between blocks; not thread-safe.</summary>
internal sealed class HeaderBlock(MimeLimits limits)
{
    private readonly AddressListParser _addresses = new();
    private readonly ContentFields _content = new(limits.Parameters);
    private readonly (int Start, int Length, int Times)[] _found = new (int, int, int)[(int)HeaderFieldKind.Count];
    private PooledBytes _value;

    /// <summary>Finds the fields of a block; the other methods then write them.</summary>
    public void Read(ReadOnlySpan<byte> block)
    {
        Array.Clear(_found);
        foreach (var field in new HeaderReader(block))
        {
            var kind = HeaderFieldNames.Find(field.Name);
            if (kind == HeaderFieldKind.Other)
                continue;

            ref var found = ref _found[(int)kind];
            if (found.Times++ == 0)
                (found.Start, found.Length) = (field.Offset, field.Raw.Length);
        }
    }

    /// <summary>Appends the envelope's fields.</summary>
    public void AppendEnvelope(ReadOnlySpan<byte> block, ref PooledBytes into)
    {
        var fields = 0;
        for (var kind = HeaderFieldKind.Date; kind <= HeaderFieldKind.Bcc; kind++)
            fields |= _found[(int)kind].Times > 0 ? 1 << (int)kind : 0;

        into.AppendNumber(fields);
        for (var kind = HeaderFieldKind.Date; kind <= HeaderFieldKind.References; kind++)
        {
            if (_found[(int)kind].Times > 0)
                into.AppendString(Value(block, kind));
        }

        for (var kind = HeaderFieldKind.From; kind <= HeaderFieldKind.Bcc; kind++)
        {
            if (_found[(int)kind].Times == 0)
                continue;

            AppendAddresses(block, kind, ref into);
            into.Append(0);
        }
    }

    /// <summary>Appends Content-Type; without one, what <paramref name="messageByDefault"/> says. Whether anything was appended.</summary>
    public bool AppendType(ReadOnlySpan<byte> block, bool messageByDefault, ref PooledBytes into)
    {
        if (_found[(int)HeaderFieldKind.ContentType].Times > 0)
        {
            _content.AppendContentType(Value(block, HeaderFieldKind.ContentType), ref into);
            return true;
        }

        if (!messageByDefault)
            return false;

        // RFC 2046 5.1.5
        into.AppendString("message"u8);
        into.AppendString("rfc822"u8);
        into.AppendNumber(0);
        return true;
    }

    /// <summary>Appends the other fields of a part and says which there are.</summary>
    public PartFields AppendContent(ReadOnlySpan<byte> block, ref PooledBytes into)
    {
        var fields = PartFields.None;
        if (Has(HeaderFieldKind.TransferEncoding) && _content.TryAppendToken(Value(block, HeaderFieldKind.TransferEncoding), ref into))
            fields |= PartFields.TransferEncoding;

        fields |= AppendText(block, HeaderFieldKind.ContentId, PartFields.ContentId, ref into);
        fields |= AppendText(block, HeaderFieldKind.Description, PartFields.Description, ref into);
        if (Has(HeaderFieldKind.Disposition) && _content.TryAppendDisposition(Value(block, HeaderFieldKind.Disposition), ref into))
            fields |= PartFields.Disposition;

        if (Has(HeaderFieldKind.Languages) && _content.TryAppendLanguages(Value(block, HeaderFieldKind.Languages), ref into))
            fields |= PartFields.Languages;

        fields |= AppendText(block, HeaderFieldKind.Location, PartFields.Location, ref into);
        return fields | AppendText(block, HeaderFieldKind.Md5, PartFields.Md5, ref into);
    }

    /// <summary>Whether the part shall be shown as a file rather than read.</summary>
    public bool IsAttachment(ReadOnlySpan<byte> block) =>
        Has(HeaderFieldKind.Disposition) && Ascii.EqualsIgnoreCase(Value(block, HeaderFieldKind.Disposition)[..Math.Min(10, _value.Length)], "attachment"u8);

    public void Release()
    {
        _addresses.Release();
        _content.Release();
        _value.Release();
    }

    private bool Has(HeaderFieldKind kind) => _found[(int)kind].Times > 0;

    private PartFields AppendText(ReadOnlySpan<byte> block, HeaderFieldKind kind, PartFields field, ref PooledBytes into)
    {
        if (!Has(kind))
            return PartFields.None;

        into.AppendString(Value(block, kind));
        return field;
    }

    private void AppendAddresses(ReadOnlySpan<byte> block, HeaderFieldKind kind, ref PooledBytes into)
    {
        if (_found[(int)kind].Times == 1)
        {
            _addresses.Append(Value(block, kind), ref into, limits.Addresses);
            return;
        }

        // An attacker must not be able to show one From to a filter and another to the reader: all of them count.
        var room = limits.Addresses;
        foreach (var field in new HeaderReader(block))
        {
            if (HeaderFieldNames.Find(field.Name) == kind)
                room = _addresses.Append(Unfold(field), ref into, room);
        }
    }

    private ReadOnlySpan<byte> Value(ReadOnlySpan<byte> block, HeaderFieldKind kind)
    {
        var (start, length, _) = _found[(int)kind];
        return Unfold(new HeaderField(block.Slice(start, length), start));
    }

    private ReadOnlySpan<byte> Unfold(HeaderField field)
    {
        _value.Truncate(0);
        var room = _value.Reserve(field.RawValue.Length);
        var length = field.Unfold(room);
        PooledBytes.Clean(room[..length]);
        _value.Advance(length);
        return _value.Span;
    }
}
