using System.Net;
using System.Net.Sockets;

namespace MailCore.Smtp.Filters;

/// <summary>Which clients a filter has to do with, and which count as one.</summary>
internal static class ClientNetworks
{
    private const int SiteOctets = 8;

    /// <summary>What a list of exempt networks begins with.</summary>
    public static List<IPNetwork> Loopback() => [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>The address of a client from elsewhere that has not logged in and is in no trusted network; null for all others.</summary>
    public static IPAddress? Stranger(SmtpFilterContext context, IEnumerable<IPNetwork> exempt) =>
        context.Identity is null && !context.Session.IsTrustedNetwork && context.RemoteAddress is { } address && !exempt.Any(network => network.Contains(address)) ? address : null;

    /// <summary>An IPv4 address as it is, and of IPv6 the /64 that one site has.</summary>
    public static string SiteOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address.ToString();
        }

        var octets = address.GetAddressBytes();
        octets.AsSpan(SiteOctets).Clear();
        return new IPAddress(octets) + "/64";
    }

    /// <summary>The /24 or /64 that a sender's pool of servers mostly shares.</summary>
    public static string PoolOf(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return SiteOf(address);
        }

        var octets = address.GetAddressBytes();
        octets[3] = 0;
        return new IPAddress(octets) + "/24";
    }
}
