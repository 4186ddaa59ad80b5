using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>
/// Every mechanism with programs that others wrote, against a server in this process. Who got in by what is told by the server's
/// log, which in the end must hold nothing that was secret.
/// </summary>
internal sealed class LoginTests
{
    private LoginServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await LoginServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    /// <summary>After every test: no line of the log holds password or token, as they are or in the base64 of any mechanism.</summary>
    [TearDown]
    public void Nothing_secret_is_in_the_log()
    {
        // Base64 of a secret within a message looks different by where it begins.
        var secrets = new[] { LoginServer.Password, LoginServer.Token }
            .SelectMany(static secret => Enumerable.Range(0, 3).Select(shift => Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('\0', shift) + secret))[4..^4]).Append(secret))
            .ToList();
        Assert.That(_server.Log.Where(line => secrets.Exists(secret => line.Contains(secret, StringComparison.Ordinal))), Is.Empty);
    }

    [Test]
    [Property("Fact", "the server's log names the protocol, the user and the mechanism that curl was told to use")]
    public async Task Curl_logs_in(
        [Values("smtp", "imap", "pop3")] string protocol, [Values("PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "EXTERNAL")] string mechanism, [Values] bool hasInitial)
    {
        var before = _server.Accepted(protocol, mechanism);
        var secret = mechanism switch
        {
            "OAUTHBEARER" => new[] { "--user", LoginServer.User, "--oauth2-bearer", LoginServer.Token },
            "EXTERNAL" => ["--user", $"{LoginServer.User}:", "--cert", _server.ClientCertificateFile],
            _ => ["--user", $"{LoginServer.User}:{LoginServer.Password}"],
        };
        var work = protocol == "smtp" ? new[] { "--mail-from", LoginServer.User, "--mail-rcpt", LoginServer.User, "--upload-file", "-" } : [];

        (await ClientTool.Curl.RunAsync(
            [
                "-sS", "--cacert", _server.ServerCertificateFile, "--url", Url(protocol), "--login-options", $"AUTH={mechanism}",
                .. secret, .. hasInitial ? new[] { "--sasl-ir" } : [], .. work,
            ],
            StoredMessage.Make("login"))).Succeeded();

        Assert.That(_server.Accepted(protocol, mechanism), Is.EqualTo(before + 1));
    }

    [Test]
    [Property("Fact", "the server's log names APOP, which curl digests from the greeting by its own MD5")]
    public async Task Curl_logs_in_by_apop()
    {
        var before = _server.Accepted("pop3", "APOP");

        (await ClientTool.Curl.RunAsync([
            "-sS", "--ssl-reqd", "--cacert", _server.ServerCertificateFile, "--url", $"pop3://localhost:{_server.Port("pop3")}/", "--login-options", "AUTH=+APOP",
            "--user", $"{LoginServer.User}:{LoginServer.Password}"])).Succeeded();

        Assert.That(_server.Accepted("pop3", "APOP"), Is.EqualTo(before + 1));
    }

    // curl takes OAUTHBEARER wherever it is offered, whatever it was told.
    [TestCase("imap")]
    [TestCase("pop3")]
    [Property("Fact", "the server's log names XOAUTH2, the only mechanism that it offers")]
    public async Task Curl_logs_in_by_xoauth2_where_there_is_nothing_else(string protocol)
    {
        await using var server = await LoginServer.StartAsync("XOAUTH2");

        (await ClientTool.Curl.RunAsync([
            "-sS", "--cacert", server.ServerCertificateFile, "--url", $"{protocol}s://localhost:{server.Port(protocol + "s")}/", "--user", LoginServer.User, "--oauth2-bearer", LoginServer.Token])).Succeeded();

        Assert.That(server.Accepted(protocol, "XOAUTH2"), Is.EqualTo(1));
    }

    [Test]
    [Property("Fact", "curl ends with its code for a refused login, and the log names nobody that was let in")]
    public async Task Curl_is_refused_with_a_wrong_token()
    {
        var before = _server.Accepted("imap", "OAUTHBEARER");

        var result = await ClientTool.Curl.RunAsync([
            "-sS", "--cacert", _server.ServerCertificateFile, "--url", Url("imap"), "--login-options", "AUTH=OAUTHBEARER", "--user", LoginServer.User, "--oauth2-bearer", LoginServer.Token[..^3]]);

        Assert.That(result.ExitCode, Is.EqualTo(67), result.Errors);
        Assert.That(_server.Accepted("imap", "OAUTHBEARER"), Is.EqualTo(before));
    }

    [TestCase("PLAIN")]
    [TestCase("LOGIN")]
    [TestCase("CRAM-MD5")]
    [Property("Fact", "the server's log names the mechanism that swaks was told to use")]
    public async Task Swaks_logs_in(string mechanism)
    {
        var before = _server.Accepted("smtp", mechanism);

        (await ClientTool.Swaks.RunAsync([
            "--server", "127.0.0.1", "--port", $"{_server.Port("submission")}", "--tls", "--helo", "client.example", "--from", LoginServer.User, "--to", LoginServer.User,
            "--auth", mechanism, "--auth-user", LoginServer.User, "--auth-password", LoginServer.Password])).Succeeded();

        Assert.That(_server.Accepted("smtp", mechanism), Is.EqualTo(before + 1));
    }

    [TestCase("imap", "SCRAM-SHA-1", "-")]
    [TestCase("imap", "SCRAM-SHA-256", "-")]
    [TestCase("imap", "SCRAM-SHA-256-PLUS", "tls-server-end-point")]
    [TestCase("imap", "SCRAM-SHA-256-PLUS", "tls-unique")]
    [TestCase("smtp", "SCRAM-SHA-256", "-")]
    [TestCase("smtp", "SCRAM-SHA-1-PLUS", "tls-server-end-point")]
    [TestCase("pop3", "SCRAM-SHA-256", "-")]
    [TestCase("pop3", "SCRAM-SHA-256-PLUS", "tls-unique")]
    [Property("Fact", "Python's own HMAC and channel binding agree with the server's, and the log names the mechanism")]
    public async Task Python_logs_in_by_scram(string protocol, string mechanism, string binding)
    {
        var before = _server.Accepted(protocol, mechanism);

        var result = await PythonScript.RunAsync("sasl_client.py", protocol, Port(protocol), LoginServer.User, LoginServer.Password, mechanism, binding);

        Assert.That(result.Succeeded().Text.Trim(), Is.EqualTo("OK"));
        Assert.That(_server.Accepted(protocol, mechanism), Is.EqualTo(before + 1));
    }

    [TestCase("imap", "SCRAM-SHA-1", "NORMAL")]
    [TestCase("imap", "SCRAM-SHA-256", "NORMAL")]
    [TestCase("imap", "SCRAM-SHA-256-PLUS", "NORMAL:-VERS-TLS1.3")]
    [TestCase("smtp", "SCRAM-SHA-256", "NORMAL")]
    [TestCase("smtp", "SCRAM-SHA-1-PLUS", "NORMAL:-VERS-TLS1.3")]
    [TestCase("smtp", "PLAIN", "NORMAL")]
    [TestCase("imap", "CRAM-MD5", "NORMAL")]
    [Property("Fact", "GNU SASL, which checks the server's signature, gets in; the log names the mechanism")]
    public async Task Gsasl_logs_in(string protocol, string mechanism, string priority)
    {
        var before = _server.Accepted(protocol, mechanism);

        var result = await ClientTool.Gsasl.RunAsync(
            [
                $"--{protocol}", "--connect", $"127.0.0.1:{_server.Port(protocol == "smtp" ? "submission" : "imap")}", "--starttls", "--x509-ca-file", _server.ServerCertificateFile,
                "--priority", priority, "--mechanism", mechanism, "--authentication-id", LoginServer.User, "--password", LoginServer.Password, "--quiet",
                // Without this it refuses to do without channel binding where it could bind.
                .. mechanism.EndsWith("-PLUS", StringComparison.Ordinal) ? Array.Empty<string>() : ["--no-cb"],
            ],
            protocol == "imap" ? ". LOGOUT\r\n"u8.ToArray() : "QUIT\r\n"u8.ToArray());

        Assert.That(_server.Accepted(protocol, mechanism), Is.EqualTo(before + 1), $"{result.Text}\n{result.Errors}");
    }

    [TestCase("scram-sha-1", "SCRAM-SHA-1")]
    [TestCase("scram-sha-256", "SCRAM-SHA-256")]
    [TestCase("oauthbearer", "OAUTHBEARER")]
    [TestCase("xoauth2", "XOAUTH2")]
    [TestCase("external", "EXTERNAL")]
    [Property("Fact", "the server's log names the mechanism that msmtp was told to use")]
    public async Task Msmtp_logs_in(string method, string mechanism)
    {
        var before = _server.Accepted("smtp", mechanism);
        var secret = mechanism is "OAUTHBEARER" or "XOAUTH2" ? LoginServer.Token : LoginServer.Password;

        (await ClientTool.Msmtp.RunAsync(
            [
                "--file=/dev/null", "--host=127.0.0.1", $"--port={_server.Port("submissions")}", "--tls=on", "--tls-starttls=off", "--tls-certcheck=off",
                $"--auth={method}", $"--user={LoginServer.User}", $"--passwordeval=echo {secret}", $"--from={LoginServer.User}",
                .. mechanism == "EXTERNAL" ? new[] { $"--tls-cert-file={_server.ClientCertificateFile}", $"--tls-key-file={_server.ClientCertificateFile}" } : [],
                LoginServer.User,
            ],
            StoredMessage.Make("msmtp"))).Succeeded();

        Assert.That(_server.Accepted("smtp", mechanism), Is.EqualTo(before + 1));
    }

    [TestCase("SCRAM-SHA-1")]
    [TestCase("SCRAM-SHA-256")]
    [TestCase("CRAM-MD5")]
    [TestCase("PLAIN")]
    [Property("Fact", "the server's log names the mechanism that mbsync was told to use")]
    public async Task Mbsync_logs_in_by_the_sasl_library(string mechanism)
    {
        var (before, folder) = (_server.Accepted("imap", mechanism), Directory.CreateDirectory(Path.Combine(_server.Folder, "mbsync-" + mechanism)).FullName);
        var settings = Path.Combine(folder, "mbsyncrc");
        await File.WriteAllTextAsync(settings, $"""
            IMAPAccount server
            Host localhost
            Port {_server.Port("imaps")}
            User {LoginServer.User}
            Pass "{LoginServer.Password}"
            SSLType IMAPS
            CertificateFile {_server.ServerCertificateFile}
            AuthMechs {mechanism}

            IMAPStore far
            Account server

            MaildirStore near
            Path {folder}/
            Inbox {folder}/INBOX

            Channel all
            Far :far:
            Near :near:
            Patterns INBOX
            Create Near
            Sync All
            SyncState *

            """);

        (await ClientTool.Mbsync.RunAsync(["--config", settings, "--all"], surroundings: new ClientSurroundings(folder, new() { ["HOME"] = folder }))).Succeeded();

        Assert.That(_server.Accepted("imap", mechanism), Is.EqualTo(before + 1));
    }

    [TestCase("imap", "a AUTHENTICATE EXTERNAL =\r\nb LOGOUT\r\n", "a OK")]
    [TestCase("imap", "a AUTHENTICATE EXTERNAL YWxpY2VAZXhhbXBsZS5vcmc=\r\nb LOGOUT\r\n", "a NO [AUTHENTICATIONFAILED]")]
    [TestCase("pop3", "AUTH EXTERNAL =\r\nQUIT\r\n", "+OK 0 messages")]
    [TestCase("smtp", "EHLO client.example\r\nAUTH EXTERNAL =\r\nQUIT\r\n", "235 2.7.0")]
    [Property("Fact", "the reply that openssl received, on a session that showed a certificate")]
    public async Task Openssl_shows_a_certificate_and_logs_in(string protocol, string dialog, string reply)
    {
        // POP3's count of messages depends on the tests before.
        var result = await TalkAsync(protocol, dialog, "-cert", _server.ClientCertificateFile, "-key", _server.ClientCertificateFile);

        Assert.That(result.Text, Does.Contain(reply == "+OK 0 messages" ? " messages (" : reply), result.Errors);
    }

    [TestCase("imap", "a AUTHENTICATE EXTERNAL =\r\nb LOGOUT\r\n", "a NO [CANNOT]")]
    [TestCase("smtp", "EHLO client.example\r\nAUTH EXTERNAL =\r\nQUIT\r\n", "504 5.5.4")]
    [Property("Fact", "the reply that openssl received, on a session without a certificate")]
    public async Task Without_a_certificate_there_is_no_external(string protocol, string dialog, string reply)
    {
        var result = await TalkAsync(protocol, dialog);

        Assert.That(result.Text, Does.Contain(reply), result.Errors);
    }

    private Task<ClientResult> TalkAsync(string protocol, string dialog, params string[] options) => ClientTool.Openssl.RunAsync(
        ["s_client", "-connect", $"127.0.0.1:{Port(protocol)}", "-quiet", "-CAfile", _server.ServerCertificateFile, .. options], Encoding.ASCII.GetBytes(dialog));

    private string Port(string protocol) => $"{_server.Port(protocol switch { "smtp" => "submissions", "imap" => "imaps", _ => "pop3s" })}";

    private string Url(string protocol) => $"{protocol}s://localhost:{Port(protocol)}/";
}
