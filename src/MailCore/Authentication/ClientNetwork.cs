using System.Net;
using System.Net.Sockets;

namespace MailCore.Authentication;

/// <summary>The network that a client's failures are counted for: its IPv4 address, or the /56 of its IPv6 address.</summary>
internal static class ClientNetwork
{
    private const int V6Prefix = 56;

    /// <summary>Null for a client without an IP address.</summary>
    public static IPNetwork? Of(EndPoint? remote) => remote is IPEndPoint { Address: var address } ? Of(address) : null;

    public static IPNetwork Of(IPAddress address)
    {
        address = Plain(address);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return new IPNetwork(address, 32);
        }

        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        octets[(V6Prefix / 8)..].Clear();
        return new IPNetwork(new IPAddress(octets), V6Prefix);
    }

    public static bool IsIn(IEnumerable<IPNetwork> networks, EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return false;
        }

        var plain = Plain(address);
        return networks.Any(network => network.Contains(plain));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
