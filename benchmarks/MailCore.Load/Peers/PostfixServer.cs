using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailCore.Load.Client;
using MailCore.Load.Linux;
using MailCore.Load.Servers;
using MailCore.Tls;

namespace MailCore.Load.Peers;

/// <summary>
/// Debian's Postfix with a configuration and a queue of its own on a free loopback port: it answers when the queue file is
/// flushed, then discards the message, or holds it back for a relay.
/// </summary>
internal sealed class PostfixServer : IMailSink
{
    private const string Daemons = "/usr/lib/postfix/sbin";
    private const string OwnClients = "smtpd_relay_restrictions = permit_mynetworks, reject\n";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private readonly Process _process;

    private PostfixServer(Process process, string folder, int port) => (_process, Settings, Queue, Port) = (process, Path.Combine(folder, "etc"), Path.Combine(folder, "spool"), port);

    public string Name => Contender.Postfix;

    public int Port { get; }

    /// <summary>The folder of its configuration.</summary>
    public string Settings { get; }

    /// <summary>The folder of its queues.</summary>
    public string Queue { get; }

    public ProcessUsage Usage => ProcessUsage.ReadFamily(_process.Id);

    /// <exception cref="IOException">It is not installed or does not start.</exception>
    public static Task<PostfixServer> StartAsync(string folder, CancellationToken cancellationToken) => StartAsync(folder, "discard:", OwnClients, cancellationToken);

    /// <summary>One that holds everything, and sends to a port of loopback what is no longer held and flushed.</summary>
    /// <exception cref="IOException">It is not installed or does not start.</exception>
    public static Task<PostfixServer> StartRelayAsync(string folder, int sink, CancellationToken cancellationToken) => StartAsync(
        folder, string.Create(CultureInfo.InvariantCulture, $"smtp:[127.0.0.1]:{sink}"), OwnClients + "smtpd_client_restrictions = check_client_access static:HOLD\nqueue_run_delay = 10h\n", cancellationToken);

    /// <summary>One that is a domain's own server: it offers TLS, keeps mail for the users in a Maildir for each, and refuses other recipients.</summary>
    /// <param name="folder">Its own.</param>
    /// <param name="mailFolder">The Maildirs go here, as nobody's.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="users">Names in it.</param>
    /// <param name="cancellationToken">Ends the wait for its start.</param>
    /// <exception cref="IOException">It is not installed or does not start.</exception>
    public static async Task<PostfixServer> StartReceivingAsync(string folder, string mailFolder, string domain, IEnumerable<string> users, CancellationToken cancellationToken)
    {
        using var owner = Process.Start("chown", ["nobody:nogroup", mailFolder]);
        await owner.WaitForExitAsync(cancellationToken);
        var chain = Path.Combine(folder, "chain.pem");
        var certificate = ServerCertificate.SelfSigned($"mx.{domain}").Certificate;
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(chain, $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n", cancellationToken);
        return await StartAsync(folder, "discard:", $"""
            myhostname = mx.{domain}
            smtpd_relay_restrictions = reject_unauth_destination
            virtual_mailbox_domains = {domain}
            virtual_mailbox_base = {mailFolder}
            virtual_mailbox_maps = inline:{"{ "}{string.Join(", ", users.Select(user => $"{user}@{domain}={user}/"))}{" }"}
            virtual_uid_maps = static:65534
            virtual_gid_maps = static:65534
            smtpd_tls_security_level = may
            smtpd_tls_chain_files = {chain}

            """, cancellationToken);
    }

    private static async Task<PostfixServer> StartAsync(string folder, string transport, string more, CancellationToken cancellationToken)
    {
        var postfix = PostfixTool.Find("postfix");
        var port = LoopbackPort.FindFree();
        var settings = Directory.CreateDirectory(Path.Combine(folder, "etc")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "spool"));
        var data = Directory.CreateDirectory(Path.Combine(folder, "lib")).FullName;
        await File.WriteAllTextAsync(Path.Combine(settings, "main.cf"), MainSettings(folder, transport) + more, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(settings, "master.cf"), MasterSettings(port), cancellationToken);
        using (var owner = Process.Start("chown", ["postfix", data]))
        {
            await owner.WaitForExitAsync(cancellationToken);
        }

        // It makes the queue's folders.
        using (var check = Process.Start(new ProcessStartInfo(postfix, ["-c", settings, "check"]) { RedirectStandardError = true })!)
        {
            var complaint = await check.StandardError.ReadToEndAsync(cancellationToken);
            await check.WaitForExitAsync(cancellationToken);
            if (check.ExitCode != 0)
            {
                throw new IOException($"postfix check: {complaint}");
            }
        }

        var server = new PostfixServer(Process.Start(new ProcessStartInfo(Path.Combine(Daemons, "master"), ["-c", settings, "-d"]))!, folder, port);
        var started = Stopwatch.GetTimestamp();
        while (!LoopbackPort.Accepts(port))
        {
            if (server._process.HasExited || Stopwatch.GetElapsedTime(started) > StartTime)
            {
                await server.DisposeAsync();
                throw new IOException($"postfix does not start; its log: {await File.ReadAllTextAsync(Path.Combine(folder, "log"), cancellationToken)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }

        return server;
    }

    public Task<long?> CountAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public Task<long?> ReadAsync(RuntimeFigure figure, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public async ValueTask DisposeAsync()
    {
        await PeerProcess.EndAsync(_process);
        _process.Dispose();
    }

    private static string MainSettings(string folder, string transport) => $"""
        compatibility_level = 3.6
        queue_directory = {folder}/spool
        data_directory = {folder}/lib
        daemon_directory = {Daemons}
        command_directory = /usr/sbin
        maillog_file = {folder}/log
        maillog_file_prefixes = {folder}
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        myhostname = mx.example.org
        mydestination =
        mynetworks = 127.0.0.0/8
        relay_domains = example.org
        relay_transport = {transport}
        default_transport = {transport}
        smtpd_peername_lookup = no
        alias_maps =
        alias_database =

        """;

    private static string MasterSettings(int port) => $"""
        127.0.0.1:{port} inet n - n - 100 smtpd
        postlog unix-dgram n - n - 1 postlogd
        pickup unix n - n 60 1 pickup
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        tlsmgr unix - - n 1000? 1 tlsmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        verify unix - - n - 1 verify
        flush unix n - n 1000? 0 flush
        proxymap unix - - n - - proxymap
        showq unix n - n - - showq
        error unix - - n - - error
        retry unix - - n - - error
        discard unix - - n - - discard
        smtp unix - - n - - smtp
        virtual unix - n n - - virtual
        anvil unix - - n - 1 anvil
        scache unix - - n - 1 scache

        """;
}

/// <summary>Ports of loopback for servers that must be told one.</summary>
internal static class LoopbackPort
{
    public static int FindFree()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool Accepts(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>A peer's master process.</summary>
internal static class PeerProcess
{
    private const int Terminate = 15;

    /// <summary>Asks it to end with its children, and waits until it has.</summary>
    public static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            LibC.Signal(process.Id, Terminate);
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }
}
