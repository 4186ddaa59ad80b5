using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MailCore.Load.Linux;
using MailCore.Load.Mailboxes;
using MailCore.Storage;

namespace MailCore.Load.Peers;

/// <summary>How Dovecot's processes serve.</summary>
internal enum DovecotServices
{
    /// <summary>As installed: a process for each login and one for each session.</summary>
    Default,

    /// <summary>Processes serve one session after another (service_count = 0).</summary>
    Reused,
}

/// <summary>
/// Debian's Dovecot with a configuration and folders of its own, on free loopback ports: Maildir, its default flushing, passwords
/// from a file with a salted SHA-512 and its verification cache on.
/// </summary>
internal sealed class DovecotServer : IMailboxServer
{
    private const string Program = "/usr/sbin/dovecot";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private readonly Process _process;
    private readonly Task<string> _complaint;

    private DovecotServer(string name, Process process) => (Name, _process, _complaint) = (name, process, process.StandardError.ReadToEndAsync());

    public string Name { get; }

    public int Imap { get; private init; }

    public int Pop3 { get; private init; }

    public int Lmtp { get; private init; }

    public ProcessUsage Usage => ProcessUsage.ReadFamily(_process.Id);

    /// <param name="name">As the table names it.</param>
    /// <param name="folder">Where configuration and mail lie; what is there already is kept.</param>
    /// <param name="accounts">u0@example.org and so on.</param>
    /// <param name="services">How its processes serve.</param>
    /// <param name="cancellationToken">Ends the wait for its ports.</param>
    /// <exception cref="IOException">It is not installed or does not start.</exception>
    public static async Task<DovecotServer> StartAsync(string name, string folder, int accounts, DovecotServices services, CancellationToken cancellationToken)
    {
        if (!File.Exists(Program))
        {
            throw new IOException("dovecot is not installed. Install Debian's packages (apt-get install -y --no-install-recommends dovecot-imapd dovecot-pop3d dovecot-lmtpd).");
        }

        Directory.CreateDirectory(Path.Combine(folder, "run"));
        int[] ports = [LoopbackPort.FindFree(), LoopbackPort.FindFree(), LoopbackPort.FindFree()];
        var settings = Path.Combine(folder, "dovecot.conf");
        await File.WriteAllTextAsync(settings, Settings(folder, ports, services), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "passwd"), Passwords(accounts), cancellationToken);
        var process = Process.Start(new ProcessStartInfo(Program, ["-F", "-c", settings]) { RedirectStandardError = true })!;
        var server = new DovecotServer(name, process) { Imap = ports[0], Pop3 = ports[1], Lmtp = ports[2] };
        var started = Stopwatch.GetTimestamp();
        while (!ports.All(LoopbackPort.Accepts))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(started) > StartTime)
            {
                await server.DisposeAsync();
                throw new IOException($"dovecot does not start: {await server._complaint}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }

        return server;
    }

    /// <summary>Fills the inboxes of a folder whose server is not running, with the names that its own deliveries would give the files.</summary>
    public static void Seed(string folder, int accounts, int messages, int size)
    {
        for (var account = 0; account < accounts; account++)
        {
            var maildir = Path.Combine(folder, "mail", MailboxHost.Address(account));
            foreach (var part in (string[])["cur", "new", "tmp"])
            {
                Directory.CreateDirectory(Path.Combine(maildir, part));
            }

            for (var number = 0; number < messages; number++)
            {
                var octets = SeedMessage.Create(number, size);
                var stored = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(octets).ReplaceLineEndings("\n"));
                var flags = SeedMessage.FlagsOf(number) switch
                {
                    SystemFlags.None => "",
                    SystemFlags.Seen => "S",
                    _ => "FS",
                };
                var file = string.Create(CultureInfo.InvariantCulture, $"{1767600000 + number}.M0P1.host,S={stored.Length},W={octets.Length}:2,{flags}");
                File.WriteAllBytes(Path.Combine(maildir, "cur", file), stored);
            }
        }

        using var owner = Process.Start("chown", ["-R", "mail:mail", Path.Combine(folder, "mail")]);
        owner.WaitForExit();
    }

    public Task<long?> AllocatedAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public async ValueTask DisposeAsync()
    {
        await PeerProcess.EndAsync(_process);
        await _complaint;
        _process.Dispose();
    }

    private static string Passwords(int accounts)
    {
        var text = new StringBuilder();
        for (var account = 0; account < accounts; account++)
        {
            byte[] salt = [1, 2, 3, 4, 5, 6, 7, (byte)account];
            byte[] hash = [.. SHA512.HashData([.. Encoding.UTF8.GetBytes(MailboxHost.Password), .. salt]), .. salt];
            text.Append(CultureInfo.InvariantCulture, $"{MailboxHost.Address(account)}:{{SSHA512}}{Convert.ToBase64String(hash)}\n");
        }

        return text.ToString();
    }

    private static string Settings(string folder, int[] ports, DovecotServices services)
    {
        var reuse = services == DovecotServices.Reused ? "service_count = 0\n  process_min_avail = 2" : "";
        var reuseSession = services == DovecotServices.Reused ? "service_count = 1000\n  process_min_avail = 2" : "";
        return $$"""
            base_dir = {{folder}}/run
            log_path = {{folder}}/log
            protocols = imap pop3 lmtp
            listen = 127.0.0.1
            ssl = no
            disable_plaintext_auth = no
            mail_location = maildir:{{folder}}/mail/%u
            mail_home = {{folder}}/home/%u
            mail_uid = mail
            mail_gid = mail
            first_valid_uid = 1
            mail_max_userip_connections = 1000
            auth_cache_size = 10M
            passdb {
              driver = passwd-file
              args = {{folder}}/passwd
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home={{folder}}/home/%u
            }
            service imap-login {
              inet_listener imap {
                port = {{ports[0]}}
              }
              inet_listener imaps {
                port = 0
              }
              {{reuse}}
            }
            service pop3-login {
              inet_listener pop3 {
                port = {{ports[1]}}
              }
              inet_listener pop3s {
                port = 0
              }
              {{reuse}}
            }
            service imap {
              process_limit = 1024
              {{reuseSession}}
            }
            service pop3 {
              process_limit = 1024
              {{reuseSession}}
            }
            service lmtp {
              inet_listener lmtp {
                port = {{ports[2]}}
              }
            }

            """;
    }
}
