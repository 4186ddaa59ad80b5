using System.Net;
using System.Net.Sockets;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Server;

/// <summary>
/// A Postfix with a configuration, a queue and a log of its own, that takes mail on a free port of loopback and passes all of it on.
/// It can only be run by root, and its folder must be open to its own user.
/// </summary>
internal sealed class PostfixServer : IAsyncDisposable
{
    private readonly string _folder;
    private string? _mail;

    private PostfixServer(string folder, int port) => (_folder, Port) = (folder, port);

    public int Port { get; }

    private string Configuration => Path.Combine(_folder, "conf");

    private string LogFile => Path.Combine(_folder, "log");

    /// <summary>Skips the test where Postfix can't be run.</summary>
    public static void Require()
    {
        ClientTool.Postfix.Require();
        if (Environment.UserName != "root")
            ClientTool.Miss("Postfix can only be started by root.");
    }

    /// <summary>Starts it; the settings say where mail goes.</summary>
    public static async Task<PostfixServer> StartAsync(params string[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-postfix-").FullName;
        var server = new PostfixServer(folder, FreePort());
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        foreach (var part in new[] { "conf", "queue", "data" })
            Directory.CreateDirectory(Path.Combine(folder, part));

        (await ClientTool.Shell.RunAsync(["-c", $"chown postfix {folder}/data"])).Succeeded();
        await File.WriteAllLinesAsync(Path.Combine(server.Configuration, "main.cf"), [.. server.MainSettings(), .. settings]);
        await File.WriteAllTextAsync(Path.Combine(server.Configuration, "master.cf"), server.Services());
        try
        {
            (await ClientTool.Postfix.RunAsync(["-c", server.Configuration, "start"])).Succeeded();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts one that is a domain's own server: it keeps what comes for its users, in a folder for each, and refuses
    /// what comes for elsewhere. It offers TLS where it is given a certificate.
    /// </summary>
    public static async Task<PostfixServer> StartReceivingAsync(string domain, params string[] settings)
    {
        var mail = Directory.CreateTempSubdirectory("mailcore-postfix-mail-").FullName;
        // Its user, nobody, writes there.
        (await ClientTool.Shell.RunAsync(["-c", $"chown 65534:65534 {mail}"])).Succeeded();
        var server = await StartAsync(
            [
                $"virtual_mailbox_domains = {domain}", $"virtual_mailbox_base = {mail}", "virtual_uid_maps = static:65534", "virtual_gid_maps = static:65534",
                $"virtual_mailbox_maps = inline:{{ {string.Join(", ", Users.Select(user => $"{user}@{domain}={user}/"))} }}",
                "smtpd_relay_restrictions = reject_unauth_destination", "mynetworks =", "smtpd_client_restrictions =", "disable_vrfy_command = yes", .. settings,
            ]);
        server._mail = mail;
        return server;
    }

    /// <summary>Where a receiving Postfix keeps mail.</summary>
    public string MailFolder => _mail!;

    /// <summary>Who has a mailbox at a receiving Postfix.</summary>
    public static string[] Users { get; } = ["anna", "bert", "carl"];

    /// <summary>Waits for a message in a user's mailbox and returns all of them, in no order.</summary>
    public async Task<IReadOnlyList<byte[]>> WaitForMailAsync(string user, int count = 1)
    {
        var folder = Path.Combine(_mail!, user, "new");
        for (var i = 0; i < 1_200; i++)
        {
            if (Directory.Exists(folder) && Directory.GetFiles(folder) is { } files && files.Length >= count)
                return [.. files.Select(File.ReadAllBytes)];

            await Task.Delay(50);
        }

        throw new TimeoutException($"No {count} messages for {user} came to Postfix:\n{await ReadLogAsync()}");
    }

    /// <summary>Waits for a line of the log.</summary>
    public async Task<string> WaitForLogAsync(string text)
    {
        for (var i = 0; i < 1_200; i++)
        {
            var log = await ReadLogAsync();
            if (log.Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                return found;

            await Task.Delay(50);
        }

        throw new TimeoutException($"'{text}' does not come up in Postfix's log:\n{await ReadLogAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        await ClientTool.Postfix.RunAsync(["-c", Configuration, "stop"]);
        if (TestContext.CurrentContext.Result.Outcome.Status == NUnit.Framework.Interfaces.TestStatus.Failed)
            TestContext.Out.WriteLine(await ReadLogAsync());

        Directory.Delete(_folder, recursive: true);
        if (_mail is not null)
            Directory.Delete(_mail, recursive: true);
    }

    public async Task<string> ReadLogAsync()
    {
        if (!File.Exists(LogFile))
            return "";

        await using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private string[] MainSettings() =>
    [
        "compatibility_level = 3.6",
        $"queue_directory = {_folder}/queue",
        $"data_directory = {_folder}/data",
        "command_directory = /usr/sbin",
        "daemon_directory = /usr/lib/postfix/sbin",
        "mail_owner = postfix",
        "setgid_group = postdrop",
        $"maillog_file = {LogFile}",
        $"maillog_file_prefixes = {_folder}",
        "inet_interfaces = 127.0.0.1",
        "inet_protocols = ipv4",
        "myhostname = client.example",
        "mynetworks = 127.0.0.0/8",
        "mydestination =",
        "alias_maps =",
        "local_recipient_maps =",
        "smtpd_relay_restrictions = permit_mynetworks, reject",
        "smtpd_peername_lookup = no",
        "smtp_dns_support_level = disabled",
        "smtp_host_lookup = native",
        "smtp_tls_security_level = may",
        "smtputf8_enable = yes",
    ];

    private string Services() => $"""
        127.0.0.1:{Port} inet n - n - - smtpd
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        smtp unix - - n - - smtp
        lmtp unix - - n - - lmtp
        error unix - - n - - error
        retry unix - - n - - error
        discard unix - - n - - discard
        virtual unix - n n - - virtual
        tlsmgr unix - - n 1000? 1 tlsmgr
        anvil unix - - n - 1 anvil
        proxymap unix - - n - - proxymap
        postlog unix-dgram n - n - 1 postlogd

        """;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
