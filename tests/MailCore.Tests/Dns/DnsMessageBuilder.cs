using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace MailCore.Tests.Dns;

/// <summary>A response, written by hand: nothing here is the library's.</summary>
internal sealed class DnsMessageBuilder
{
    private readonly List<byte> _answers = [];
    private readonly List<byte> _authorities = [];
    private int _answerCount;
    private int _authorityCount;

    /// <summary>QR, RD, RA.</summary>
    public ushort Flags { get; init; } = 0x8180;

    public static byte[] Name(string name)
    {
        var octets = new MemoryStream();
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            octets.WriteByte((byte)label.Length);
            octets.Write(Encoding.Latin1.GetBytes(label));
        }

        octets.WriteByte(0);
        return octets.ToArray();
    }

    public static byte[] Number(int value) => [(byte)(value >> 8), (byte)value];

    public DnsMessageBuilder Answer(string name, int type, uint ttl, params byte[][] data)
    {
        Write(_answers, name, type, ttl, [.. data.SelectMany(static part => part)]);
        _answerCount++;
        return this;
    }

    public DnsMessageBuilder A(string name, string address, uint ttl = 300) => Answer(name, 1, ttl, IPAddress.Parse(address).GetAddressBytes());

    public DnsMessageBuilder Cname(string name, string target, uint ttl = 300) => Answer(name, 5, ttl, Name(target));

    public DnsMessageBuilder Soa(string zone, uint ttl, uint minimum)
    {
        var numbers = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(16), minimum);
        Write(_authorities, zone, 6, ttl, [.. Name("ns." + zone), .. Name("admin." + zone), .. numbers]);
        _authorityCount++;
        return this;
    }

    /// <summary>As the answer to this query.</summary>
    public byte[] Build(byte[] query)
    {
        var end = 12;
        while (query[end] != 0)
        {
            end += query[end] + 1;
        }

        var message = new MemoryStream();
        message.Write(query, 0, 2);
        message.Write(Number(Flags));
        message.Write(Number(1));
        message.Write(Number(_answerCount));
        message.Write(Number(_authorityCount));
        message.Write(Number(0));
        message.Write(query, 12, end + 5 - 12);
        message.Write(_answers.ToArray());
        message.Write(_authorities.ToArray());
        return message.ToArray();
    }

    private static void Write(List<byte> into, string name, int type, uint ttl, byte[] data)
    {
        into.AddRange(Name(name));
        into.AddRange(Number(type));
        into.AddRange(Number(1));
        var seconds = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(seconds, ttl);
        into.AddRange(seconds);
        into.AddRange(Number(data.Length));
        into.AddRange(data);
    }
}
