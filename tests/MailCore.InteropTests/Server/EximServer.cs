using System.Net;
using System.Net.Sockets;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Server;

/// <summary>
/// An Exim with a configuration, a queue and a log of its own, on a free port of loopback. Debian's MTAs exclude one another, so that its
/// package is not installed but unpacked; the program still looks for its user, Debian-exim. It keeps mail for its domain in one file,
/// and refuses "nobody".
/// </summary>
internal sealed class EximServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly ChildProcess _process;

    private EximServer(string folder, ChildProcess process, int port) => (_folder, _process, Port) = (folder, process, port);

    public int Port { get; }

    private static string Program => Path.Combine(SourceTree.Root, "artifacts", "exim", "usr", "sbin", "exim4");

    /// <summary>Skips the test where Exim can't be run.</summary>
    public static void Require()
    {
        if (!File.Exists(Program))
            ClientTool.Miss($"'{Program}' is missing; .ci/run shows how the Debian package 'exim4-daemon-light' is unpacked there.");

        if (Environment.UserName != "root")
            ClientTool.Miss("Exim can only be started by root.");
    }

    /// <summary>Starts it for a domain; mail from loopback for elsewhere goes to the smart host, "127.0.0.1::port", where there is one.</summary>
    public static async Task<EximServer> StartAsync(string domain, string? smartHost = null)
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-exim-").FullName;
        (await ClientTool.Shell.RunAsync(["-c", $"mkdir {folder}/spool {folder}/log {folder}/mail && chmod 755 {folder} && chown 65534:65534 {folder}/spool {folder}/log {folder}/mail"])).Succeeded();
        var configuration = Path.Combine(folder, "exim.conf");
        await File.WriteAllTextAsync(configuration, Settings(folder, domain, smartHost));
        var port = FreePort();
        var process = ChildProcess.Start([Program, "-C", configuration, "-bdf", "-oX", $"127.0.0.1.{port}"], folder);
        var server = new EximServer(folder, process, port);
        for (var i = 0; i < 1_200 && !process.Output.Contains("configuration error", StringComparison.Ordinal); i++)
        {
            if ((await server.ReadLogAsync()).Contains("listening for SMTP", StringComparison.Ordinal))
                return server;

            await Task.Delay(50);
        }

        await server.DisposeAsync();
        throw new TimeoutException($"Exim does not start: {process.Output}");
    }

    /// <summary>Waits until the mailbox holds a text, and returns all of it: messages of the mbox form, with LF as line ends.</summary>
    public async Task<string> WaitForMailAsync(string text)
    {
        var mailbox = Path.Combine(_folder, "mail", "mbox");
        for (var i = 0; i < 1_200; i++)
        {
            if (File.Exists(mailbox) && await File.ReadAllTextAsync(mailbox) is { } content && content.Contains(text, StringComparison.Ordinal))
                return content;

            await Task.Delay(50);
        }

        throw new TimeoutException($"'{text}' does not come to Exim:\n{await ReadLogAsync()}");
    }

    /// <summary>Waits for a line of the log.</summary>
    public async Task<string> WaitForLogAsync(string text)
    {
        for (var i = 0; i < 1_200; i++)
        {
            if ((await ReadLogAsync()).Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                return found;

            await Task.Delay(50);
        }

        throw new TimeoutException($"'{text}' does not come up in Exim's log:\n{await ReadLogAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (TestContext.CurrentContext.Result.Outcome.Status == NUnit.Framework.Interfaces.TestStatus.Failed)
            TestContext.Out.WriteLine(await ReadLogAsync());

        // A delivery of its may still write.
        (await ClientTool.Shell.RunAsync(["-c", $"rm -rf {_folder}"])).Succeeded();
    }

    private async Task<string> ReadLogAsync()
    {
        var log = Path.Combine(_folder, "log", "mainlog");
        if (!File.Exists(log))
            return "";

        await using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static string Settings(string folder, string domain, string? smartHost) => $$"""
        exim_path = {{Program}}
        exim_user = nobody
        exim_group = nogroup
        never_users =
        spool_directory = {{folder}}/spool
        log_file_path = {{folder}}/log/%slog
        log_selector = +smtp_protocol_error +8bitmime
        pid_file_path = {{folder}}/exim.pid
        primary_hostname = exim.example
        domainlist local_domains = {{domain}}
        local_interfaces = 127.0.0.1
        acl_smtp_rcpt = acl_recipient
        acl_smtp_data = accept
        accept_8bitmime = true
        dsn_advertise_hosts = *
        chunking_advertise_hosts = *
        smtputf8_advertise_hosts = *
        pipelining_connect_advertise_hosts =
        tls_advertise_hosts =
        host_lookup =
        rfc1413_hosts =
        keep_environment =
        begin acl
        acl_recipient:
          deny local_parts = nobody
               message = no such user
          accept domains = +local_domains
          accept condition = {{(smartHost is null ? "no" : "yes")}}
          deny message = relay not permitted
        begin routers
        own:
          driver = accept
          domains = +local_domains
          transport = mailbox
        away:
          driver = manualroute
          route_list = * {{smartHost ?? "127.0.0.1::9"}}
          self = send
          transport = smtp
        begin transports
        mailbox:
          driver = appendfile
          file = {{folder}}/mail/mbox
          user = nobody
          group = nogroup
        smtp:
          driver = smtp
          hosts_try_chunking = *
        begin retry
        * * F,1h,15m

        """;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
