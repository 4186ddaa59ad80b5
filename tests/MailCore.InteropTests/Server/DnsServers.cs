using System.Net;
using System.Net.Sockets;
using MailCore.InteropTests.Tools;

namespace MailCore.InteropTests.Server;

/// <summary>
/// Debian's knot with zones of ours, and an unbound that asks it and validates. The zones signed.test and bogus.test are signed;
/// unbound trusts the first by its real key, the second by a key that nobody has.
/// </summary>
internal sealed class DnsServers : IAsyncDisposable
{
    private const string KnotPackage = "knot";

    private static readonly ClientTool Knot = new("knotd", KnotPackage);
    private static readonly ClientTool Keys = new("keymgr", KnotPackage);
    private static readonly ClientTool Unbound = new("unbound", "unbound");

    private static readonly string[] Signed = ["signed.test", "bogus.test"];

    private readonly string _folder;
    private readonly List<ChildProcess> _processes = [];

    private DnsServers(string folder) => _folder = folder;

    /// <summary>knot: authoritative, not recursive.</summary>
    public IPEndPoint Authority { get; } = FreePort();

    /// <summary>unbound: recursive, validating.</summary>
    public IPEndPoint Resolver { get; } = FreePort();

    public static void Require()
    {
        Knot.Require();
        Keys.Require();
        Unbound.Require();
    }

    /// <summary>Serves zones, given by name and text of their records; SOA and NS are added.</summary>
    public static async Task<DnsServers> StartAsync(params (string Name, string Records)[] zones)
    {
        // Short, for the path of knot's control socket.
        var servers = new DnsServers(Directory.CreateTempSubdirectory("mailcore-dns-").FullName);
        try
        {
            await servers.StartKnotAsync(zones);
            await servers.StartUnboundAsync();
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartKnotAsync((string Name, string Records)[] zones)
    {
        foreach (var (name, records) in zones)
        {
            var head = $"$ORIGIN {name}.\n$TTL 300\n@ SOA ns.{name}. admin.{name}. 1 3600 600 86400 60\n@ NS ns.{name}.\nns A 127.0.0.1\n";
            await File.WriteAllTextAsync(Path.Combine(_folder, name + ".zone"), head + records + "\n");
        }

        var settings = $"""
            server:
                rundir: "{_folder}"
                listen: 127.0.0.1@{Authority.Port}
            database:
                storage: "{_folder}"
            log:
              - target: stderr
                any: info
            policy:
              - id: signing
                algorithm: ecdsap256sha256
                single-type-signing: on
            template:
              - id: default
                storage: "{_folder}"
                file: "%s.zone"
                zonefile-sync: -1
                zonefile-load: difference
                journal-content: changes
            zone:

            """;
        foreach (var (name, _) in zones)
        {
            settings += $"  - domain: {name}\n" + (Signed.Contains(name) ? "    dnssec-signing: on\n    dnssec-policy: signing\n" : "");
        }

        await File.WriteAllTextAsync(KnotSettings, settings);
        var knot = Knot.Start(["-c", KnotSettings], _folder);
        _processes.Add(knot);
        await knot.WaitForOutputAsync(output => zones.All(zone => output.Contains($"[{zone.Name}.] loaded", StringComparison.Ordinal)) && output.Contains("server started", StringComparison.Ordinal));
    }

    private async Task StartUnboundAsync()
    {
        var keys = (await Keys.RunAsync(["-c", KnotSettings, "signed.test", "ds"])).Succeeded().Text;
        var anchor = keys.Split('\n').Single(static line => line.Contains(" 13 2 ", StringComparison.Ordinal));
        var file = Path.Combine(_folder, "unbound.conf");
        await File.WriteAllTextAsync(file, $"""
            server:
                interface: 127.0.0.1@{Resolver.Port}
                directory: "{_folder}"
                chroot: ""
                username: ""
                pidfile: ""
                use-syslog: no
                logfile: ""
                do-daemonize: no
                do-ip6: no
                do-not-query-localhost: no
                module-config: "validator iterator"
                local-zone: "test." nodefault
                local-zone: "127.in-addr.arpa." nodefault
                trust-anchor: "{anchor}"
                trust-anchor: "bogus.test. DS 1 13 2 {new string('0', 64)}"
            remote-control:
                control-enable: no
            stub-zone:
                name: "test."
                stub-addr: 127.0.0.1@{Authority.Port}
            stub-zone:
                name: "127.in-addr.arpa."
                stub-addr: 127.0.0.1@{Authority.Port}

            """);
        var unbound = Unbound.Start(["-d", "-c", file], _folder);
        _processes.Add(unbound);
        await unbound.WaitForOutputAsync(static output => output.Contains("start of service", StringComparison.Ordinal));
    }

    private string KnotSettings => Path.Combine(_folder, "knot.conf");

    /// <summary>Free by UDP and by TCP, a moment ago.</summary>
    private static IPEndPoint FreePort()
    {
        while (true)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                udp.Bind(tcp.LocalEndPoint!);
                return (IPEndPoint)tcp.LocalEndPoint!;
            }
            catch (SocketException)
            {
                // Taken by UDP.
            }
        }
    }
}
