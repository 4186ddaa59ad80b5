using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Server;

/// <summary>Debian's Dovecot with a configuration of its own: IMAP and POP3 on free ports of loopback, one Maildir++, any user.</summary>
internal sealed class DovecotServer : IAsyncDisposable
{
    public const string Password = "secret";

    private readonly ChildProcess _process;
    private readonly string _folder;

    private DovecotServer(ChildProcess process, string folder, int port, int pop3) => (_process, _folder, Port, Pop3) = (process, folder, port, pop3);

    public static ClientTool Dovecot { get; } = new("dovecot", "dovecot-imapd");

    /// <summary>IMAP's.</summary>
    public int Port { get; }

    public int Pop3 { get; }

    public int ExtraPort { get; private init; }

    public string Maildir => Path.Combine(_folder, "home", "Maildir");

    /// <summary>Skips the test where it is not installed.</summary>
    public static void Require()
    {
        Dovecot.Require();
        new ClientTool("../lib/dovecot/pop3-login", "dovecot-pop3d").Require();
    }

    public static Task<DovecotServer> StartAsync() => StartAsync("");

    /// <summary>With more settings; in them "@PORT@" stands for a free port, <see cref="ExtraPort"/>.</summary>
    public static async Task<DovecotServer> StartAsync(string extra)
    {
        // Names of sockets have room for no more than about a hundred characters.
        var folder = Directory.CreateTempSubdirectory("mcd-").FullName;
        var (port, pop3, more) = (FreePort(), FreePort(), FreePort());
        Directory.CreateDirectory(Path.Combine(folder, "run"));
        Directory.CreateDirectory(Path.Combine(folder, "home"));
        var user = await OwnAsync(folder);
        var settings = Path.Combine(folder, "dovecot.conf");
        await File.WriteAllTextAsync(settings, $$"""
            protocols = imap pop3
            base_dir = {{folder}}/run
            listen = 127.0.0.1
            ssl = no
            disable_plaintext_auth = no
            log_path = /dev/stderr
            mail_location = maildir:{{folder}}/home/Maildir
            default_internal_user = {{user}}
            default_login_user = {{user}}
            default_internal_group = {{user}}
            first_valid_uid = 1
            first_valid_gid = 1
            service imap-login {
              chroot =
              inet_listener imap {
                port = {{port}}
              }
              inet_listener imaps {
                port = 0
              }
            }
            service pop3-login {
              chroot =
              inet_listener pop3 {
                port = {{pop3}}
              }
              inet_listener pop3s {
                port = 0
              }
            }
            service anvil {
              chroot =
            }
            passdb {
              driver = static
              args = password={{Password}}
            }
            userdb {
              driver = static
              args = uid={{user}} gid={{user}} home={{folder}}/home
            }
            {{extra.Replace("@PORT@", $"{more}", StringComparison.Ordinal)}}

            """);
        var server = new DovecotServer(Dovecot.Start(["-F", "-c", settings], folder), folder, port, pop3) { ExtraPort = more };
        await server._process.WaitForOutputAsync(static output => output.Contains("starting up", StringComparison.Ordinal) || output.Contains("Fatal", StringComparison.Ordinal));
        return server;
    }

    /// <summary>Stops it, so that everything it knows is in the Maildir.</summary>
    public Task StopAsync() => _process.EndAsync(PosixSignal.SIGTERM);

    public async ValueTask DisposeAsync()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == NUnit.Framework.Interfaces.TestStatus.Failed)
            TestContext.Out.WriteLine(_process.Output);

        // It waits for its children; killed it would leave them behind.
        await _process.EndAsync(PosixSignal.SIGTERM);
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // Dovecot serves no mail as root.
    private static async Task<string> OwnAsync(string folder)
    {
        if (Environment.UserName != "root")
            return Environment.UserName;

        const string User = "mail";
        (await new ClientTool("chown", "coreutils").RunAsync(["-R", $"{User}:{User}", folder])).Succeeded();
        return User;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
