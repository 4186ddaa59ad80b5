using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;

namespace MailCore.InteropTests.Peers;

/// <summary>
/// Debian's Dovecot with a configuration and a folder of its own: IMAP, POP3 and LMTP in cleartext on loopback, one account whose
/// mail is a Maildir.
/// </summary>
internal sealed class DovecotServer : IAsyncDisposable
{
    public const string User = "reference@example.org";

    private static readonly ClientTool Program = new("dovecot", "dovecot-imapd");
    private readonly ChildProcess _process;

    private DovecotServer(ChildProcess process, string folder) => (_process, Folder) = (process, folder);

    public string Folder { get; }

    public string Maildir => MaildirOf(Folder);

    public int Imap { get; private init; }

    public int Pop3 { get; private init; }

    public int Lmtp { get; private init; }

    public static void Require()
    {
        Program.Require();
        new ClientTool("../lib/dovecot/pop3", "dovecot-pop3d").Require();
        new ClientTool("../lib/dovecot/lmtp", "dovecot-lmtpd").Require();
    }

    /// <summary>Starts it in a folder of its own, which goes with it.</summary>
    public static async Task<DovecotServer> StartAsync()
    {
        // Names of its sockets, which lie below, have no room for a long path.
        var folder = Directory.CreateTempSubdirectory("mailcore-dovecot-").FullName;
        var ports = FreePorts();
        var settings = Path.Combine(folder, "dovecot.conf");
        await File.WriteAllTextAsync(settings, Settings(folder, ports));
        await File.WriteAllTextAsync(Path.Combine(folder, "passwd"), $"{User}:{{PLAIN}}{SampleServer.Password}\n");
        foreach (var part in (string[])["", "cur", "new", "tmp"])
            Directory.CreateDirectory(Path.Combine(MaildirOf(folder), part));

        // Its processes read mail as another user, who must be able to come here.
        (await ClientTool.Shell.RunAsync(["-c", $"chmod a+x '{folder}' && chown -R mail:mail '{MaildirOf(folder)}'"])).Succeeded();
        var server = new DovecotServer(ChildProcess.Start([Program.Find()!, "-F", "-c", settings], folder), folder) { Imap = ports[0], Pop3 = ports[1], Lmtp = ports[2] };
        foreach (var port in ports)
            await server.WaitForPortAsync(port);

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.EndAsync(PosixSignal.SIGTERM);
        await _process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static string MaildirOf(string folder) => Path.Combine(folder, "mail");

    private async Task WaitForPortAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port, patience.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
            }
        }
    }

    private static int[] FreePorts()
    {
        var listeners = Enumerable.Range(0, 3).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();

        var ports = listeners.Select(static listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Dispose();

        return ports;
    }

    private static string Settings(string folder, int[] ports) => $$"""
        base_dir = {{folder}}/run
        log_path = /dev/stderr
        protocols = imap pop3 lmtp
        listen = 127.0.0.1
        ssl = no
        disable_plaintext_auth = no
        mail_location = maildir:{{MaildirOf(folder)}}
        first_valid_uid = 1
        passdb {
          driver = passwd-file
          args = {{folder}}/passwd
        }
        userdb {
          driver = static
          args = uid=mail gid=mail home={{MaildirOf(folder)}}
        }
        service imap-login {
          inet_listener imap {
            port = {{ports[0]}}
          }
          inet_listener imaps {
            port = 0
          }
        }
        service pop3-login {
          inet_listener pop3 {
            port = {{ports[1]}}
          }
          inet_listener pop3s {
            port = 0
          }
        }
        service lmtp {
          inet_listener lmtp {
            port = {{ports[2]}}
          }
        }

        """;
}
