using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace MailCore.Dns;

/// <summary>The name servers that this machine is set up with.</summary>
internal static class SystemServers
{
    private const int Port = 53;
    private const string ResolvConf = "/etc/resolv.conf";

    /// <summary>Loopback where none can be found, which is what resolvers do without a file.</summary>
    public static IReadOnlyList<IPEndPoint> Find()
    {
        var found = OperatingSystem.IsWindows() ? OfInterfaces() : File.Exists(ResolvConf) ? Parse(File.ReadLines(ResolvConf)) : [];
        return found.Count > 0 ? found : [new IPEndPoint(IPAddress.Loopback, Port)];
    }

    /// <summary>The "nameserver" lines of resolv.conf(5).</summary>
    public static IReadOnlyList<IPEndPoint> Parse(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        foreach (var line in lines)
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var text, ..] && IPAddress.TryParse(text, out var address))
            {
                servers.Add(new IPEndPoint(address, Port));
            }
        }

        return servers;
    }

    private static List<IPEndPoint> OfInterfaces() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(static network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(static network => network.GetIPProperties().DnsAddresses)
            // Windows shows these where nothing is set up.
            .Where(static address => address.AddressFamily == AddressFamily.InterNetwork || !address.IsIPv6SiteLocal)
            .Distinct()
            .Select(static address => new IPEndPoint(address, Port)),
    ];
}
