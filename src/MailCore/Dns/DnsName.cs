using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailCore.Dns;

/// <summary>Names that are made from other things.</summary>
public static class DnsName
{
    /// <summary>Octets of a name on the wire (RFC 1035 2.3.4).</summary>
    internal const int MaxOctets = 255;

    private const int MaxLabel = 63;

    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };

    /// <summary>Where the name of an address stands: "7.2.0.192.in-addr.arpa".</summary>
    public static string OfAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Reversed(address, IsSix(address) ? "ip6.arpa" : "in-addr.arpa");
    }

    /// <summary>Where a list of addresses (DNSBL, RFC 5782) has an entry for one.</summary>
    public static string InList(IPAddress address, string zone)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrEmpty(zone);
        return Reversed(address, zone);
    }

    /// <summary>The name as it goes over the wire, letters small; false when it is none.</summary>
    internal static bool TryEncode(string name, Span<byte> into, out int length)
    {
        length = 0;
        if (!Ascii.IsValid(name) && !TryToAscii(ref name))
        {
            return false;
        }

        var text = name is "." ? "" : name.EndsWith('.') && !name.EndsWith("\\.", StringComparison.Ordinal) ? name.AsSpan(0, name.Length - 1) : name;
        if (name.Length == 0)
        {
            return false;
        }

        var label = length++;
        while (!text.IsEmpty)
        {
            var octet = text[0];
            text = text[1..];
            if (octet == '.')
            {
                if (!TryEndLabel(into, label, length))
                {
                    return false;
                }

                label = length++;
                if (text.IsEmpty)
                {
                    return false;
                }
            }
            else if ((octet == '\\' && !TryUnescape(ref text, out octet)) || length >= MaxOctets - 1)
            {
                return false;
            }
            else
            {
                into[length++] = (byte)char.ToLowerInvariant(octet);
            }

            if (length >= MaxOctets)
            {
                return false;
            }
        }

        if (length == 1)
        {
            into[0] = 0;
            return true;
        }

        if (!TryEndLabel(into, label, length))
        {
            return false;
        }

        into[length++] = 0;
        return true;
    }

    /// <summary>Writes a label's octets as text.</summary>
    internal static void AppendLabel(ReadOnlySpan<byte> label, StringBuilder into)
    {
        foreach (var octet in label)
        {
            if (octet is (byte)'.' or (byte)'\\')
            {
                into.Append('\\').Append((char)octet);
            }
            else if (octet is <= 32 or >= 127)
            {
                into.Append('\\').Append(octet.ToString("D3", CultureInfo.InvariantCulture));
            }
            else
            {
                into.Append((char)octet);
            }
        }
    }

    private static bool TryEndLabel(Span<byte> into, int label, int end)
    {
        var count = end - label - 1;
        into[label] = (byte)count;
        return count is > 0 and <= MaxLabel;
    }

    /// <summary>RFC 1035 5.1.</summary>
    private static bool TryUnescape(ref ReadOnlySpan<char> text, out char octet)
    {
        octet = '\0';
        if (text.IsEmpty)
        {
            return false;
        }

        if (!char.IsAsciiDigit(text[0]))
        {
            octet = text[0];
            text = text[1..];
            return true;
        }

        if (text.Length < 3 || !byte.TryParse(text[..3], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        octet = (char)number;
        text = text[3..];
        return true;
    }

    private static bool TryToAscii(ref string name)
    {
        try
        {
            name = Idn.GetAscii(name);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsSix(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6;

    private static string Reversed(IPAddress address, string zone)
    {
        var octets = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        var name = new StringBuilder(72 + zone.Length);
        for (var i = octets.Length - 1; i >= 0; i--)
        {
            if (octets.Length == 4)
            {
                name.Append(CultureInfo.InvariantCulture, $"{octets[i]}.");
            }
            else
            {
                name.Append(CultureInfo.InvariantCulture, $"{octets[i] & 15:x}.{octets[i] >> 4:x}.");
            }
        }

        return name.Append(zone.TrimStart('.')).ToString();
    }
}
