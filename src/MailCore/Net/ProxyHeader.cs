using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailCore.Net;

/// <summary>What was made of octets that should be a PROXY header.</summary>
internal enum ProxyStatus
{
    /// <summary>So far they are, but more must come.</summary>
    Incomplete,

    /// <summary>A whole header.</summary>
    Complete,

    /// <summary>No header.</summary>
    Malformed,
}

/// <summary>
/// The header that a proxy sends before a client's first octet: the PROXY protocol's version 1, a line of text, or 2, binary
/// (haproxy's proxy-protocol.txt). Without addresses it is nobody knows whose connection, unless it is the proxy's own.
/// </summary>
internal readonly record struct ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>LOCAL: the proxy itself calls, to see whether we are there.</summary>
    public bool IsLocal { get; init; }

    /// <summary>Octets of a line of version 1, its CRLF included.</summary>
    public const int MaxLine = 107;

    /// <summary>Octets that may follow the fixed part of version 2: addresses, and what else a proxy tells.</summary>
    public const int MaxRest = 4 * 1024;

    private const int FixedPart = 16;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <summary>Reads the header that the octets begin with, and how many belong to it.</summary>
    public static ProxyStatus TryParse(in ReadOnlySequence<byte> octets, out ProxyHeader header, out int length)
    {
        (header, length) = (default, 0);
        Span<byte> start = stackalloc byte[MaxLine];
        start = start[..(int)Math.Min(start.Length, octets.Length)];
        octets.Slice(0, start.Length).CopyTo(start);
        return StartsWith(start, Signature) ? TryParseBinary(octets, start, out header, out length)
            : StartsWith(start, Word) ? TryParseLine(start, out header, out length)
            : ProxyStatus.Malformed;
    }

    /// <summary>As far as there is something to compare.</summary>
    private static bool StartsWith(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> expected)
    {
        var common = Math.Min(octets.Length, expected.Length);
        return octets[..common].SequenceEqual(expected[..common]);
    }

    private static ProxyStatus TryParseLine(ReadOnlySpan<byte> octets, out ProxyHeader header, out int length)
    {
        header = default;
        var end = octets.IndexOf("\r\n"u8);
        length = end + 2;
        if (end < 0)
        {
            return octets.Length < MaxLine ? ProxyStatus.Incomplete : ProxyStatus.Malformed;
        }

        var text = octets[..end];
        if (!Ascii.IsValid(text))
        {
            return ProxyStatus.Malformed;
        }

        var words = Encoding.ASCII.GetString(text).Split(' ');
        if (words.Length >= 2 && words[1] == "UNKNOWN")
        {
            return ProxyStatus.Complete;
        }

        var family = words.Length != 6 ? AddressFamily.Unspecified
            : words[1] == "TCP4" ? AddressFamily.InterNetwork
            : words[1] == "TCP6" ? AddressFamily.InterNetworkV6
            : AddressFamily.Unspecified;
        if (family == AddressFamily.Unspecified
            || !TryAddress(words[2], family, out var source) || !TryAddress(words[3], family, out var destination)
            || !TryPort(words[4], out var sourcePort) || !TryPort(words[5], out var destinationPort))
        {
            return ProxyStatus.Malformed;
        }

        header = new ProxyHeader(new IPEndPoint(source, sourcePort), new IPEndPoint(destination, destinationPort));
        return ProxyStatus.Complete;
    }

    // "127.1" is an address to the framework, but to no proxy.
    private static bool TryAddress(string text, AddressFamily family, out IPAddress address) =>
        IPAddress.TryParse(text, out address!) && address.AddressFamily == family
        && (family == AddressFamily.InterNetworkV6 ? !text.Contains('%', StringComparison.Ordinal) && text[0] != '[' : text == address.ToString());

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort && (text.Length == 1 || text[0] != '0');

    private static ProxyStatus TryParseBinary(in ReadOnlySequence<byte> octets, ReadOnlySpan<byte> start, out ProxyHeader header, out int length)
    {
        (header, length) = (default, 0);
        if (start.Length < FixedPart)
        {
            return ProxyStatus.Incomplete;
        }

        var rest = BinaryPrimitives.ReadUInt16BigEndian(start[14..]);
        var (version, command) = (start[12] >> 4, start[12] & 0xf);
        if (version != 2 || command > 1 || rest > MaxRest)
        {
            return ProxyStatus.Malformed;
        }

        length = FixedPart + rest;
        if (octets.Length < length)
        {
            return ProxyStatus.Incomplete;
        }

        header = new ProxyHeader { IsLocal = command == 0 };
        return command == 0 ? ProxyStatus.Complete : TryAddresses(start, rest, out header);
    }

    private static ProxyStatus TryAddresses(ReadOnlySpan<byte> start, int rest, out ProxyHeader header)
    {
        header = default;
        var width = (start[13] >> 4) switch { 1 => 4, 2 => 16, _ => 0 };
        if (width == 0)
        {
            // UNSPEC and UNIX name no IP address.
            return start[13] >> 4 is 0 or 3 ? ProxyStatus.Complete : ProxyStatus.Malformed;
        }

        if ((start[13] & 0xf) != 1 || rest < (2 * width) + 4)
        {
            return ProxyStatus.Malformed;
        }

        var addresses = start[FixedPart..];
        var ports = addresses[(2 * width)..];
        header = new ProxyHeader(
            new IPEndPoint(new IPAddress(addresses[..width]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new IPEndPoint(new IPAddress(addresses[width..(2 * width)]), BinaryPrimitives.ReadUInt16BigEndian(ports[2..])));
        return ProxyStatus.Complete;
    }
}
