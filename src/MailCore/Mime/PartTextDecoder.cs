using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// The body of a text part as text, from octets that come in pieces of any size: transfer encoding and charset are removed. For
/// SEARCH BODY and TEXT. Never refuses: an unknown transfer encoding stays as it is, an unknown charset is read as
/// <see cref="MimeCharset.Decode"/> does. Not thread-safe.
/// </summary>
internal sealed class PartTextDecoder : IDisposable
{
    private readonly ContentDecoder _content;
    private readonly Decoder _characters;
    private readonly PooledWriter<byte> _octets = new();

    public PartTextDecoder(MimePart part)
    {
        _content = ContentDecoder.Create(part.TransferEncoding.Span) ?? ContentDecoder.Create(default)!;
        var charset = part.GetParameter("charset");
        _characters = MimeCharset.OrUndeclared(charset is null ? null : MimeCharset.Find(Encoding.UTF8.GetBytes(charset))).GetDecoder();
    }

    public void Dispose() => _octets.Dispose();

    /// <summary>Takes the next octets of the body and writes their text; <paramref name="last"/> ends the body.</summary>
    public void Decode(ReadOnlySpan<byte> source, bool last, IBufferWriter<char> destination)
    {
        _octets.Clear();
        _content.Decode(source, _octets);
        if (last)
            _content.Flush(_octets);

        var octets = _octets.WrittenSpan;
        var room = destination.GetSpan(Math.Max(1, _characters.GetCharCount(octets, last)));
        destination.Advance(_characters.GetChars(octets, room, last));
    }
}
