using System.Net;
using System.Net.Sockets;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample on sockets that another process bound: systemd's own tool, and one that gives up its rights.</summary>
internal sealed class SocketActivationTests : FolderFixture
{
    private static readonly ClientTool Activate = new("systemd-socket-activate", "systemd");
    private static readonly ClientTool Setpriv = new("setpriv", "util-linux");

    [Test]
    [Property("Fact", "bytes of greetings by hand over TCP of both families and a Unix socket; the server bound none of them, as its log says")]
    public async Task Systemds_own_tool_passes_sockets_by_port_name_and_path()
    {
        Activate.Require();
        var (smtp, imap) = (FreePort(), FreePort());
        var path = Path.Combine(Path.GetTempPath(), $"mc-{Guid.NewGuid():n}"[..15]);
        string[] words =
        [
            Activate.Find()!, "--fdname=smtp:by-port:by-path", $"--listen=[::]:{smtp}", $"--listen=127.0.0.1:{imap}", $"--listen={path}",
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", SourceTree.Program("samples/MailServer"),
            "--Mail:Listeners:0:Role=Smtp", "--Mail:Listeners:0:Tls=None",
            "--Mail:Listeners:1:Role=Imap", "--Mail:Listeners:1:Address=localhost", $"--Mail:Listeners:1:Port={imap}", "--Mail:Listeners:1:Tls=None",
            "--Mail:Listeners:2:Role=Lmtp", $"--Mail:Listeners:2:Path={path}",
            "--Mail:Accounts:0:Address=bob@example.org", "--Mail:Accounts:0:Password=secret",
        ];
        await using var process = ChildProcess.Start(words, Folder, new() { ["DOTNET_ROLL_FORWARD"] = Environment.GetEnvironmentVariable("DOTNET_ROLL_FORWARD") ?? "Minor" });
        await process.WaitForOutputAsync(output => output.Contains($"Listening on {path}", StringComparison.Ordinal));

        // The first client makes it start, and is served when it has.
        Assert.That(await GreetingAsync(new IPEndPoint(IPAddress.Loopback, smtp)), Does.StartWith("220 "));
        Assert.That(await GreetingAsync(new IPEndPoint(IPAddress.IPv6Loopback, smtp)), Does.StartWith("220 "));
        Assert.That(await GreetingAsync(new IPEndPoint(IPAddress.Loopback, imap)), Does.StartWith("* OK"));
        Assert.That(await GreetingAsync(new UnixDomainSocketEndPoint(path)), Does.StartWith("220 "));
        Assert.That(process.Output, Does.Contain($"smtp takes over a socket that listens on [::]:{smtp}").And.Contain($"lmtp takes over a socket that listens on {path}"));

        await using (var session = await RawSmtp.ConnectAsync(smtp))
        {
            Assert.That(await process.EndAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM), Is.Zero);
            Assert.That(await session.ReadReplyAsync(), Does.StartWith("421 "));
        }

        Assert.That(File.Exists(path), "it was not the server's to delete");
        File.Delete(path);
    }

    [Test]
    [Property("Fact", "/proc shows that the process which answers on port 25 runs as nobody with no capability; LMTP-like delivery by hand works")]
    public async Task Port_25_is_served_without_root()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            Assert.Ignore("Only root can bind port 25 for another.");

        Setpriv.Require();
        // An address of its own: other tests may use port 25 of 127.0.0.1.
        const string Parent = """
            import os, socket, sys
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.25.25", 25))
            s.listen(20)
            s.fileno() == 3 or os.dup2(s.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="smtp", HOME="/tmp", DOTNET_CLI_HOME="/tmp")
            os.execvp(sys.argv[1], sys.argv[1:])
            """;
        // Whoever the tests run as, nobody must be able to write here.
        var data = Directory.CreateTempSubdirectory("mailcore-nobody-").FullName;
        File.SetUnixFileMode(data, (UnixFileMode)0b111_111_111);
        try
        {
            string[] words =
            [
                "python3", "-c", Parent, Setpriv.Find()!, "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", SourceTree.Program("samples/MailServer"),
                "--Mail:Listeners:0:Role=Smtp", "--Mail:Listeners:0:Address=127.0.25.25", "--Mail:Listeners:0:Tls=None",
                "--Mail:Accounts:0:Address=bob@example.org", "--Mail:Accounts:0:Password=secret", $"--Mail:DataFolder={data}/mail",
            ];
            await using var process = ChildProcess.Start(words, data);
            await process.WaitForOutputAsync(static output => output.Contains("Endpoint ", StringComparison.Ordinal));

            Assert.That(await GreetingAsync(new IPEndPoint(IPAddress.Parse("127.0.25.25"), 25)), Does.StartWith("220 "));
            var status = await File.ReadAllLinesAsync($"/proc/{process.Id}/status");
            Assert.That(status, Has.Some.EqualTo("Uid:\t65534\t65534\t65534\t65534").And.Some.EqualTo("CapEff:\t0000000000000000").And.Some.EqualTo("CapPrm:\t0000000000000000"));
            Assert.That(await process.EndAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM), Is.Zero);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Test]
    public async Task A_port_that_needs_a_privilege_is_named_with_the_ways_to_it()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            Assert.Ignore("This needs to become somebody else.");

        Setpriv.Require();
        var data = Directory.CreateTempSubdirectory("mailcore-nobody-").FullName;
        File.SetUnixFileMode(data, (UnixFileMode)0b111_111_111);
        try
        {
            await using var process = ChildProcess.Start(
                SourceTree.Program("samples/MailServer"),
                ["--Mail:Listeners:0:Role=Smtp", "--Mail:Listeners:0:Address=127.0.25.26", "--Mail:Listeners:0:Tls=None", $"--Mail:DataFolder={data}/mail"],
                data,
                new() { ["HOME"] = "/tmp" },
                [Setpriv.Find()!, "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]);

            Assert.That(await process.WaitForExitAsync(), Is.EqualTo(1), process.Output);
            Assert.That(process.Output, Does.Match(@"(?s)Can't start: .*127\.0\.25\.26:25: permission denied.*CAP_NET_BIND_SERVICE.*socket unit").And.Not.Contain("   at "));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task<string?> GreetingAsync(EndPoint place)
    {
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await socket.ConnectAsync(place);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
    }
}
