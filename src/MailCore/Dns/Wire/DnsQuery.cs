using System.Buffers.Binary;

namespace MailCore.Dns.Wire;

/// <summary>A question as it goes over the wire, without its id (RFC 1035 4.1).</summary>
internal sealed class DnsQuery
{
    /// <summary>What a UDP answer may have: it passes everywhere unfragmented.</summary>
    public const int MaxUdp = 1232;

    private const int HeaderOctets = 12;
    private const int OptOctets = 11;

    private readonly byte[] _octets;
    private readonly int _questionEnd;

    private DnsQuery(ReadOnlySpan<byte> name, DnsRecordType type)
    {
        Type = type;
        new DnsReader(name).TryReadName(out var text);
        Name = text;
        _questionEnd = HeaderOctets + name.Length + 4;
        _octets = new byte[_questionEnd + OptOctets];
        // Recursion desired; authentic data (RFC 6840 5.7): tell if it was checked.
        _octets[2] = 0x01;
        _octets[3] = 0x20;
        _octets[5] = 1;
        name.CopyTo(_octets.AsSpan(HeaderOctets));
        BinaryPrimitives.WriteUInt16BigEndian(_octets.AsSpan(_questionEnd - 4), (ushort)type);
        _octets[_questionEnd - 1] = 1;
        // EDNS0 (RFC 6891 6.1.2): root, OPT, our size, nothing else.
        _octets[_questionEnd + 2] = 41;
        BinaryPrimitives.WriteUInt16BigEndian(_octets.AsSpan(_questionEnd + 3), MaxUdp);
    }

    /// <summary>As records spell it.</summary>
    public string Name { get; }

    public DnsRecordType Type { get; }

    /// <summary>Name, type and class.</summary>
    public ReadOnlySpan<byte> Question => _octets.AsSpan(HeaderOctets, _questionEnd - HeaderOctets);

    /// <summary>Null when the name is none.</summary>
    public static DnsQuery? Create(string name, DnsRecordType type)
    {
        Span<byte> encoded = stackalloc byte[DnsName.MaxOctets + 1];
        return DnsName.TryEncode(name, encoded, out var length) ? new DnsQuery(encoded[..length], type) : null;
    }

    /// <summary>The whole message.</summary>
    public byte[] Write(ushort id, bool withEdns)
    {
        var message = _octets.AsSpan(0, withEdns ? _octets.Length : _questionEnd).ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[11] = (byte)(withEdns ? 1 : 0);
        return message;
    }
}
