using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// Collects the beginning of the first readable part that has any text and makes one line of it (RFC 8970). Not thread-safe.
/// </summary>
internal sealed class PreviewText
{
    private const int MaxCharacters = 200;
    private const int PlainOctets = 2 * 1024;

    // Styles and head come first.
    private const int HtmlOctets = 16 * 1024;

    // More than are shown: character references are longer than what they stand for.
    private const int HtmlCharacters = 8 * MaxCharacters;

    private PooledBytes _raw;
    private PooledBytes _result;
    private Encoding? _charset;
    private byte[] _transferEncoding = [];
    private bool _html;
    private int _wanted;

    public ReadOnlySpan<byte> Result => _result.Span;

    /// <summary>A part begins; nothing happens once there is a preview.</summary>
    public void Begin(ContentSummary content)
    {
        if (_result.Length > 0)
            return;

        _html = content.IsHtml;
        _wanted = _html ? HtmlOctets : PlainOctets;
        _charset = MimeCharset.Find(content.Charset);
        _transferEncoding = ContentDecoder.IsIdentity(content.TransferEncoding) ? [] : content.TransferEncoding.ToArray();
    }

    /// <summary>The next octets of the part, if one is being collected.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        var count = Math.Min(_wanted - _raw.Length, octets.Length);
        if (count > 0)
            _raw.Append(octets[..count]);
    }

    /// <summary>The part, if one is being collected, ends.</summary>
    /// <param name="length">Of its body: octets collected behind it are not its own.</param>
    public void End(long length)
    {
        if (_wanted == 0)
            return;

        _wanted = 0;
        var raw = _raw.Span[..(int)Math.Min(length, _raw.Length)];
        if (_transferEncoding.Length == 0)
            Make(raw);
        else
            Decode(raw);

        _raw.Release();
    }

    public void Release()
    {
        _raw.Release();
        _result.Release();
    }

    private void Decode(ReadOnlySpan<byte> raw)
    {
        if (ContentDecoder.Create(_transferEncoding) is not { } decoder)
            return;

        var decoded = new ArrayBufferWriter<byte>(Math.Max(raw.Length, 1));
        decoder.Decode(raw, decoded);
        decoder.Flush(decoded);
        Make(decoded.WrittenSpan);
    }

    private void Make(ReadOnlySpan<byte> octets)
    {
        octets = WithoutBrokenEnd(octets);
        var encoding = MimeCharset.OrUndeclared(_charset);
        var characters = ArrayPool<char>.Shared.Rent(encoding.GetMaxCharCount(octets.Length));
        var count = encoding.GetChars(octets, characters);
        ReadOnlySpan<char> text = characters.AsSpan(0, count);
        if (_html)
            text = HtmlText.Read(text, HtmlCharacters);

        OneLine(text);
        ArrayPool<char>.Shared.Return(characters);
    }

    /// <summary>Cuts off a character of UTF-8 that the end of the collected octets splits.</summary>
    private static ReadOnlySpan<byte> WithoutBrokenEnd(ReadOnlySpan<byte> octets)
    {
        for (var back = 1; back <= Math.Min(3, octets.Length); back++)
        {
            var octet = octets[^back];
            if (octet < 0x80)
                break;

            if (octet >= 0xC0)
                return Rune.DecodeFromUtf8(octets[^back..], out _, out _) == OperationStatus.NeedMoreData ? octets[..^back] : octets;
        }

        return octets;
    }

    private void OneLine(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var gap = false;
        var characters = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune) || Rune.IsControl(rune))
            {
                gap = characters > 0;
                continue;
            }

            if (characters + (gap ? 2 : 1) > MaxCharacters)
                return;

            if (gap)
                _result.Append((byte)' ');

            characters += gap ? 2 : 1;
            gap = false;
            _result.Append(utf8[..rune.EncodeToUtf8(utf8)]);
        }
    }
}
