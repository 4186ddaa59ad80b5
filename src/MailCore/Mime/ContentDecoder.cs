using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// Removes a content transfer encoding (RFC 2045 6) from octets that come in pieces of any size. Never refuses: octets that don't
/// belong are skipped in base64 and kept as they stand in quoted-printable. Not thread-safe.
/// </summary>
public abstract class ContentDecoder
{
    internal static readonly SearchValues<byte> Base64Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    private protected ContentDecoder()
    {
    }

    /// <summary>
    /// A decoder for a Content-Transfer-Encoding, case ignored; for 7bit, 8bit, binary and no name, one that changes nothing. Null
    /// when the encoding is not known (IMAP answers NO [UNKNOWN-CTE], RFC 9051 7.1).
    /// </summary>
    public static ContentDecoder? Create(ReadOnlySpan<byte> transferEncoding) =>
        Ascii.EqualsIgnoreCase(transferEncoding, "base64"u8) ? new Base64Decoder()
        : Ascii.EqualsIgnoreCase(transferEncoding, "quoted-printable"u8) ? new QuotedPrintableDecoder()
        : IsIdentity(transferEncoding) ? new IdentityDecoder()
        : null;

    /// <summary>Takes the next octets and writes what they decode to.</summary>
    public abstract void Decode(ReadOnlySpan<byte> source, IBufferWriter<byte> destination);

    /// <summary>Ends the content: writes what was still waiting for more. The decoder can then be used for another content.</summary>
    public abstract void Flush(IBufferWriter<byte> destination);

    internal static bool IsIdentity(ReadOnlySpan<byte> transferEncoding) =>
        transferEncoding.IsEmpty || Ascii.EqualsIgnoreCase(transferEncoding, "7bit"u8)
        || Ascii.EqualsIgnoreCase(transferEncoding, "8bit"u8) || Ascii.EqualsIgnoreCase(transferEncoding, "binary"u8);

    /// <summary>Decodes base64 that is all there.</summary>
    internal static void Base64(ReadOnlySpan<byte> source, ref PooledBytes into)
    {
        var state = default(Base64State);
        into.Advance(state.Decode(source, into.Reserve(source.Length + 3)));
        into.Advance(state.Flush(into.Reserve(2)));
    }

    private sealed class IdentityDecoder : ContentDecoder
    {
        public override void Decode(ReadOnlySpan<byte> source, IBufferWriter<byte> destination) => destination.Write(source);

        public override void Flush(IBufferWriter<byte> destination)
        {
        }
    }

    private sealed class Base64Decoder : ContentDecoder
    {
        private const int Piece = 4096;

        private Base64State _state;

        public override void Decode(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
        {
            while (!source.IsEmpty)
            {
                var piece = source[..Math.Min(Piece, source.Length)];
                destination.Advance(_state.Decode(piece, destination.GetSpan(piece.Length + 3)));
                source = source[piece.Length..];
            }
        }

        public override void Flush(IBufferWriter<byte> destination) => destination.Advance(_state.Flush(destination.GetSpan(2)));
    }
}
