using System.Net;

namespace MailCore.Net;

/// <summary>Networks named in a configuration.</summary>
internal static class NetworkList
{
    /// <summary>Whether a client's address lies in one of them; never true for a client without an IP address.</summary>
    public static bool Covers(this IEnumerable<IPNetwork> networks, EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return false;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
