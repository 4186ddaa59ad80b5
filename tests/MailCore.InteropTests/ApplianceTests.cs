using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample as its user meets it: what it prints, how it starts, refuses to start, and stops.</summary>
internal sealed partial class ApplianceTests : FolderFixture
{
    [Test]
    [Property("Fact", "IMAP by hand finds the messages that the printed curl lines sent, at the documented ports")]
    public async Task Without_configuration_it_serves_at_the_documented_ports_and_the_printed_lines_work()
    {
        int[] documented = [2525, 2587, 2465, 2143, 2993, 2110, 2995, 2424];
        if (documented.FirstOrDefault(IsTaken) is var taken and not 0)
            Assert.Ignore($"Port {taken} is taken on this machine.");

        await using var server = await StartAsync(allRoles: false);
        await RunPrintedLinesAsync(server);

        Assert.That(new[] { server.Smtp, server.Submission, server.Submissions, server.Imap, server.Imaps, server.Pop3, server.Pop3s, server.Lmtp }, Is.EqualTo(documented));
        Assert.That(Directory.Exists(Path.Combine(Folder, "data")));
    }

    [Test]
    [Property("Fact", "curl logs in with a password that openssl hashed, and again when Python's sqlite3 finds another hash in the database")]
    public async Task Accounts_of_docker_mailserver_move_over_with_their_passwords()
    {
        var hash = (await ClientTool.Openssl.RunAsync(["passwd", "-6", "-salt", "0123456789abcdef", "correct horse"])).Succeeded().Text.Trim();
        var file = Path.Combine(Folder, "postfix-accounts.cf");
        await File.WriteAllTextAsync(file, $"# moved\nanna@example.org|{{SHA512-CRYPT}}{hash}\n");

        for (var start = 0; start < 2; start++)
        {
            await using var server = await StartAsync($"--Mail:AccountsFile={file}", "--Mail:Domains:0=example.org");
            foreach (var (password, code) in new[] { ("wrong horse", 67), ("correct horse", 0) })
            {
                var result = await ClientTool.Curl.RunAsync(["-sSk", "--url", $"imaps://127.0.0.1:{server.Imaps}/", "--user", $"anna@example.org:{password}", "--login-options", "AUTH=PLAIN"]);
                Assert.That(result.ExitCode, Is.EqualTo(code), result.Errors);
            }

            Assert.That(await server.StopAsync(), Is.Zero);
            var kept = await ClientTool.Python.RunAsync(
                ["-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(\"SELECT password FROM user WHERE address = 'anna@example.org'\").fetchone()[0])", Path.Combine(Folder, "data", "mail.db")]);
            Assert.That(kept.Succeeded().Text, Does.StartWith("$pbkdf2-sha512$"));
        }
    }

    [Test]
    [Property("Fact", "IMAP by hand finds the messages that the printed curl lines sent")]
    public async Task The_printed_lines_work_on_other_ports()
    {
        await using var server = await StartAsync();

        await RunPrintedLinesAsync(server);
    }

    [Test]
    [Property("Fact", "a login by hand, the octets of a message and the certificate's fingerprint before and after a restart")]
    public async Task The_password_is_printed_once_and_account_mail_and_certificate_survive_a_restart()
    {
        string password, fingerprint;
        var message = StoredMessage.Make("kept");
        await using (var first = await StartAsync())
        {
            password = Password().Match(first.Process.Output).Groups[1].Value;
            fingerprint = await FingerprintAsync(first.Imaps);
            await using var lmtp = await RawSmtp.ConnectAsync(first.Lmtp, "LHLO driver.example");
            Assert.That(await lmtp.DeliverAsync("", "user@localhost", new MemoryStream(message)), Does.StartWith("250"));
            Assert.That(await first.StopAsync(), Is.Zero);
        }

        await using var second = await StartAsync();
        Assert.That(second.Process.Output, Does.Not.Contain(password).And.Contain("--Mail:Accounts:0:Address=user@localhost --Mail:Accounts:0:Password="));
        Assert.That(await FingerprintAsync(second.Imaps), Is.EqualTo(fingerprint));
        await using var imap = await RawImap.ConnectAsync(second.Imaps, "user@localhost", password);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [Test]
    [Property("Fact", "logins by hand: the configured password works and the first one does not")]
    public async Task A_configured_password_replaces_the_one_made_up()
    {
        string password;
        await using (var first = await StartAsync())
            password = Password().Match(first.Process.Output).Groups[1].Value;

        await using var second = await StartAsync("--Mail:Accounts:0:Address=user@localhost", "--Mail:Accounts:0:Password=a new one");
        Assert.That(second.Process.Output, Does.Not.Contain("a new one"));
        await using (await RawImap.ConnectAsync(second.Imaps, "user@localhost", "a new one"))
            await Assert.ThatAsync(() => RawImap.ConnectAsync(second.Imaps, "user@localhost", password), Throws.TypeOf<AssertionException>());
    }

    [Test]
    [Property("Fact", "mail to an alias is found by IMAP in the account of its target")]
    public async Task Settings_come_from_file_environment_and_command_line_and_the_last_wins()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "appsettings.json"), """
            { "Mail": { "HostName": "from-file.example", "Accounts": [ { "Address": "bob@example.org", "Password": "secret" } ],
              "Aliases": [ { "Address": "info@example.org", "Targets": [ "bob@example.org" ] } ] } }
            """);
        var variables = new Dictionary<string, string> { ["Mail__HostName"] = "from-environment.example", ["Mail__MaxMessageSize"] = "12345", ["MAIL"] = "/var/mail/bob" };

        await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Variables = variables, Arguments = ["--Mail:HostName=from-arguments.example"] });

        await using var smtp = await WireConnection.ConnectAsync(server.Smtp);
        Assert.That(await smtp.ReadLineAsync(), Does.StartWith("220 from-arguments.example "));
        await using (var lmtp = await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example"))
        {
            Assert.That(await lmtp.SendAsync("LHLO driver.example"), Does.Contain("SIZE 12345"));
            Assert.That(await lmtp.DeliverAsync("", "info@example.org", new MemoryStream(StoredMessage.Make("to info"))), Does.StartWith("250"));
        }

        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", "secret");
        Assert.That(await imap.CountAsync(), Is.EqualTo(1));
    }

    [TestCase(PosixSignal.SIGTERM)]
    [TestCase(PosixSignal.SIGINT)]
    [Property("Fact", "on the wire the sessions open at the signal are told goodbye, and the ports are free afterwards")]
    public async Task A_signal_stops_it_cleanly(PosixSignal signal)
    {
        // Whoever runs the tests in the background of a shell passes an ignored SIGINT on.
        await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Wrapper = ["env", "--default-signal=INT"] });
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        await using var imap = await WireConnection.ConnectAsync(server.Imaps, tls: true);
        await imap.ReadLineAsync();

        Assert.That(await server.Process.EndAsync(signal), Is.Zero);

        Assert.That(await smtp.ReadReplyAsync(), Does.StartWith("421 "));
        Assert.That(await imap.ReadLineAsync(), Does.StartWith("* BYE"));
        Assert.That(server.Process.Output, Does.Contain("Application is shutting down...").And.Contain("Stopped"));
        Assert.That(IsTaken(server.Smtp), Is.False);
    }

    [Test]
    public async Task Help_names_every_key()
    {
        var (exitCode, output) = await EndAsync("--help");

        Assert.That(exitCode, Is.Zero);
        foreach (var key in new[]
        {
            "HostName", "Domains:N", "DataFolder", "Certificate:File", "Certificate:KeyFile", "Accounts:N:Address", "Accounts:N:Password", "Aliases:N:Address",
            "Aliases:N:Targets:N", "Listeners:N:Role", "Listeners:N:Port", "Listeners:N:Address", "Listeners:N:Path", "Listeners:N:Tls",
            "Listeners:N:AllowCleartextAuthentication", "MaxMessageSize", "MaxConnections", "MaxConnectionsPerAddress",
        })
        {
            Assert.That(output, Does.Match($@"Mail:{key}\s"));
        }
    }

    [Test]
    public async Task A_taken_port_is_named_with_what_to_do()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await AssertRefusedAsync($"127.0.0.1:{port}.*in use.*\n.*Mail:Listeners", "--Mail:Listeners:0:Role=Smtp", "--Mail:Listeners:0:Address=localhost", $"--Mail:Listeners:0:Port={port}");
    }

    [Test]
    public async Task A_folder_that_cannot_be_written_is_named() =>
        await AssertRefusedAsync("'/proc/mailserver' can't be written.*Mail:DataFolder", "--Mail:DataFolder=/proc/mailserver");

    [Test]
    public async Task A_folder_in_use_by_another_server_is_named()
    {
        await using var first = await StartAsync();

        await AssertRefusedAsync(Regex.Escape(first.DataFolder) + ".*(in use|another)", [.. SampleServer.ListenerArguments("Smtp")]);
    }

    [Test]
    public async Task A_missing_certificate_is_named() =>
        await AssertRefusedAsync(@"'missing\.pem' does not exist.*\n.*Mail:Certificate:File", "--Mail:Certificate:File=missing.pem");

    [Test]
    public async Task A_certificate_that_is_none_is_named()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "bad.pem"), "not a certificate");

        await AssertRefusedAsync(@"'bad\.pem'.*\n.*Mail:Certificate:File", "--Mail:Certificate:File=bad.pem");
    }

    [Test]
    public async Task A_key_of_another_certificate_is_named()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(Path.Combine(Folder, "cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(Folder, "key.pem"), other.ExportPkcs8PrivateKeyPem());

        await AssertRefusedAsync(@"'key\.pem'.*does not belong.*\n.*Mail:Certificate:File", "--Mail:Certificate:File=cert.pem", "--Mail:Certificate:KeyFile=key.pem");
    }

    [Test]
    public async Task A_preset_without_certificate_is_refused() =>
        await AssertRefusedAsync("Mail:Preset=DockerMailserver.*needs a certificate.*Mail:Certificate:File", "--Mail:Preset=DockerMailserver");

    [Test]
    public async Task A_listener_on_the_network_without_certificate_is_refused() =>
        await AssertRefusedAsync("Mail:Listeners:0.*needs a certificate.*Mail:Certificate:File", "--Mail:Listeners:0:Role=Imaps", "--Mail:Listeners:0:Port=0");

    [TestCase("--Mail:Domain:0=example.org", "'Mail:Domain'.*'Domains'")]
    [TestCase("--Mial:Domains:0=example.org", "Unknown argument '--Mial:Domains:0'")]
    [TestCase("--verbose", "Unknown argument '--verbose'")]
    [TestCase("serve", "Unknown argument 'serve'")]
    [TestCase("--Mail:DataFolder", "'--Mail:DataFolder' has no value")]
    [TestCase("--Mail:Listeners:0:Role=Smpt", "Mail:Listeners:0:Role")]
    [TestCase("--Mail:Domains=example.org", "Mail:Domains:0")]
    [TestCase("--contentRoot=/nowhere", "no folder '/nowhere/'.*contentRoot")]
    public async Task An_unknown_key_or_argument_is_named(string argument, string expected) => await AssertRefusedAsync(expected, argument);

    [TestCase("""{ "Mail": { "Listner": [] } }""", "'Mail:Listner'.*'Listeners'")]
    [TestCase("""{ "Mial": { "HostName": "x" } }""", "'Mial' in appsettings.json")]
    [TestCase("""{ "Mail": { """, "appsettings.json")]
    public async Task A_mistake_in_the_settings_file_is_named(string json, string expected)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "appsettings.json"), json);

        await AssertRefusedAsync(expected);
    }

    [Test]
    public async Task An_unknown_key_in_the_environment_is_named()
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), [], Folder, new() { ["Mail__HostNam"] = "mx.example.org" });

        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(1));
        Assert.That(process.Output, Does.Match("'Mail:HostNam'.*'HostName'"));
    }

    private static bool IsTaken(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task RunPrintedLinesAsync(SampleServer server)
    {
        ClientTool.Curl.Require();
        await server.Process.WaitForOutputAsync(static output => PrintedLine().Count(output) == 4);
        var lines = PrintedLine().Matches(server.Process.Output).Select(static match => match.Groups[1].Value).ToList();
        var printed = new List<string>();
        foreach (var line in lines)
            printed.Add((await ClientTool.Shell.RunAsync(["-c", line])).Succeeded().Text);

        Assert.That(printed[..2], Has.All.Empty);
        Assert.That(printed[2..], Has.All.Contains("Subject: First message\r\n\r\nIt works.\r\n"));
        await using var imap = await RawImap.ConnectAsync(server.Imaps, "user@localhost", Password().Match(server.Process.Output).Groups[1].Value);
        Assert.That(await imap.CountAsync(), Is.EqualTo(2));
    }

    private static async Task<string> FingerprintAsync(int port)
    {
        await using var wire = await WireConnection.ConnectAsync(port, tls: true);
        return wire.ServerCertificate!.GetCertHashString(HashAlgorithmName.SHA256);
    }

    // Whoever reads it on a terminal gets one or two lines, and no stack trace.
    private async Task AssertRefusedAsync(string expected, params string[] arguments)
    {
        var (exitCode, output) = await EndAsync(arguments);

        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("Can't start").And.Not.Contain("   at "));
        // A warning of the log may stand before it.
        var told = output[output.IndexOf("Can't start", StringComparison.Ordinal)..];
        Assert.That(told, Does.Match($"(?s){expected}"));
        Assert.That(told.Split('\n'), Has.Length.LessThanOrEqualTo(2));
    }

    private async Task<(int ExitCode, string Output)> EndAsync(params string[] arguments)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), arguments, Folder);
        return (await process.WaitForExitAsync(), process.Output);
    }

    private Task<SampleServer> StartAsync(params string[] arguments) => StartAsync(allRoles: true, arguments);

    private Task<SampleServer> StartAsync(bool allRoles, params string[] arguments) =>
        SampleServer.StartAsync(new SampleSetUp { Folder = Folder, AllRoles = allRoles, Arguments = arguments });

    [GeneratedRegex(@"^  Password    ([a-z0-9]{16})$", RegexOptions.Multiline)]
    private static partial Regex Password();

    [GeneratedRegex(@"^    ((?:printf .* \| )?curl .*)$", RegexOptions.Multiline)]
    private static partial Regex PrintedLine();
}
