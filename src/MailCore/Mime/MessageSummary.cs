using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// Structure, envelope and preview of one message, held in their encoded form and decoded on first use. Immutable and thread-safe.
/// Made by <see cref="MessageSummarizer"/>; kept by stores beside the message as opaque octets.
/// </summary>
public sealed class MessageSummary
{
    /// <summary>Changes with every change of the encoding or of what is read out of a message.</summary>
    internal const byte Version = 1;

    private readonly ReadOnlyMemory<byte> _encoded;
    private readonly ReadOnlyMemory<byte> _envelopeOctets;
    private readonly ReadOnlyMemory<byte> _previewOctets;
    private readonly ReadOnlyMemory<byte> _parts;
    private MessageEnvelope? _envelope;
    private MimePart? _root;
    private string? _preview;

    private MessageSummary(ReadOnlyMemory<byte> encoded, ref SummaryReader reader)
    {
        _encoded = encoded;
        Length = reader.Number();
        _envelopeOctets = reader.Octets();
        _previewOctets = reader.Octets();
        PartCount = reader.Count(int.MaxValue);
        _parts = reader.Rest;
    }

    /// <summary>Octets of the message.</summary>
    public long Length { get; }

    /// <summary>Nodes of the structure, the root counted.</summary>
    public int PartCount { get; }

    /// <summary>Decoded on first use, without the structure.</summary>
    public MessageEnvelope Envelope => _envelope ??= new MessageEnvelope(_envelopeOctets);

    /// <summary>The whole message as a part; its header is the message's header. Decoded on first use.</summary>
    public MimePart Root => _root ??= DecodeRoot();

    /// <summary>The first words of the first readable text, at most 200 characters on one line (RFC 8970); may be empty.</summary>
    public string Preview => _preview ??= Encoding.UTF8.GetString(_previewOctets.Span);

    /// <summary>The octets to keep, without a copy.</summary>
    public ReadOnlyMemory<byte> Encode() => _encoded;

    /// <summary>
    /// Reads what <see cref="Encode"/> gave, without copying it. False when the octets are damaged or of another version of the
    /// encoding: the message must be summarized again.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out MessageSummary? summary)
    {
        summary = null;
        var reader = new SummaryReader(encoded);
        if (reader.Byte() != Version)
            return false;

        var candidate = new MessageSummary(encoded, ref reader);
        if (reader.Failed || !MessageEnvelope.IsValid(candidate._envelopeOctets) || !MimePart.IsValid(ref reader, candidate.PartCount))
            return false;

        summary = candidate;
        return true;
    }

    /// <summary>Wraps octets that were encoded just now.</summary>
    internal static MessageSummary FromTrusted(ReadOnlyMemory<byte> encoded)
    {
        var reader = new SummaryReader(encoded);
        reader.Byte();
        return new MessageSummary(encoded, ref reader);
    }

    private MimePart DecodeRoot()
    {
        var reader = new SummaryReader(_parts);
        return MimePart.ReadTree(ref reader);
    }
}
