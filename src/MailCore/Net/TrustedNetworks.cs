using System.Net;
using System.Net.Sockets;

namespace MailCore.Net;

/// <summary>
/// Networks whose clients may send anywhere without a login. They can't cover so much of the Internet that the server would relay
/// for strangers. Immutable.
/// </summary>
public sealed class TrustedNetworks
{
    // Of IPv4 a /16, of IPv6 a /32, which is that many /64s; all networks together.
    private const double MaxPublicAddresses = 1L << 16;
    private const double MaxPublicSubnets = 1L << 32;

    // Nobody's from outside: RFC 1122, 1918, 3927, 4193, 4291, 6598.
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"),
    ];

    private readonly IPNetwork[] _networks;

    /// <summary>Trusts these; IPv4 networks in IPv6's mapped form are taken as IPv4.</summary>
    /// <exception cref="ArgumentException">They cover more than 65,536 public IPv4 addresses or an IPv6 /32.</exception>
    public TrustedNetworks(params IEnumerable<IPNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        _networks = [.. networks.Select(Unmap)];
        var open = _networks.Where(static network => !Private.Any(known => known.PrefixLength <= network.PrefixLength && known.Contains(network.BaseAddress))).ToList();
        var addresses = open.Where(static network => !IsV6(network)).Sum(static network => Math.Pow(2, 32 - network.PrefixLength));
        var subnets = open.Where(IsV6).Sum(static network => Math.Pow(2, 64 - network.PrefixLength));
        if (addresses > MaxPublicAddresses || subnets > MaxPublicSubnets)
        {
            throw new ArgumentException(
                $"The networks {string.Join(", ", open)} would make this server an open relay. Trust private networks, and of public ones at most 65,536 IPv4 addresses and an IPv6 /32 in all.");
        }
    }

    /// <summary>Nobody is trusted.</summary>
    public static TrustedNetworks None { get; } = new();

    /// <summary>Whether any are.</summary>
    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Reads "172.16.0.0/12" and the like; an address alone stands for itself.</summary>
    /// <exception cref="FormatException">One is no network.</exception>
    /// <exception cref="ArgumentException">See the constructor.</exception>
    public static TrustedNetworks Parse(params IEnumerable<string> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        return new TrustedNetworks([.. networks.Select(ParseOne)]);
    }

    /// <summary>Whether the client comes from one of them; a client without an IP address does not.</summary>
    public bool Contains(EndPoint? remote)
    {
        if (_networks.Length == 0 || remote is not IPEndPoint { Address: var address })
        {
            return false;
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_networks, network => network.Contains(plain));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _networks);

    private static bool IsV6(IPNetwork network) => network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    private static IPNetwork Unmap(IPNetwork network) => network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
        ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
        : network;

    private static IPNetwork ParseOne(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
        {
            return network;
        }

        return IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            : throw new FormatException($"'{text}' is not a network. Write its first address and the length of its prefix, such as 172.16.0.0/12.");
    }
}
