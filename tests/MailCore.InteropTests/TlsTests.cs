using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>openssl against the sample with a certificate of a private authority, which is trusted by file.</summary>
internal sealed class TlsTests
{
    private string _folder = null!;
    private TestAuthority _authority = null!;
    private SampleServer _server = null!;

    private string Root => Path.Combine(_folder, "root.pem");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = SourceTree.NewFolder();
        _authority = new TestAuthority();
        using var certificate = _authority.Issue(["localhost", "127.0.0.1"]);
        await File.WriteAllTextAsync(Root, _authority.Root.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_folder, "fullchain.pem"), $"{certificate.ExportCertificatePem()}\n{_authority.Intermediate.ExportCertificatePem()}\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "privkey.pem"), PemFiles.Key(certificate));
        _server = await SampleServer.StartAsync(new SampleSetUp { Arguments = ["--Mail:Certificate:Folder=" + _folder] });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [TestCase("smtp")]
    [TestCase("imap")]
    [TestCase("pop3")]
    [Property("Fact", "openssl receives the leaf and the intermediate, and verifies them by the root alone")]
    public async Task The_chain_is_sent_whole(string protocol)
    {
        var result = await ConnectAsync(protocol, "-showcerts", "-verify_return_error");

        Assert.That(result.Text, Does.Contain("Verification: OK"), result.Errors);
        Assert.That(result.Text.Split("BEGIN CERTIFICATE"), Has.Length.EqualTo(3));
    }

    [TestCase("smtp", "-tls1_2")]
    [TestCase("smtp", "-tls1_3")]
    [TestCase("imap", "-tls1_2")]
    [TestCase("imap", "-tls1_3")]
    [TestCase("pop3", "-tls1_2")]
    [TestCase("pop3", "-tls1_3")]
    [Property("Fact", "openssl says of the first session New, and of the second, given the first one's ticket, Reused")]
    public async Task Sessions_are_resumed(string protocol, string version)
    {
        var session = Path.Combine(_folder, $"{protocol}{version}.session");
        var first = await ConnectAsync(protocol, version, "-sess_out", session);

        var second = await ConnectAsync(protocol, version, "-sess_in", session);

        Assert.That(first.Text, Does.Contain("New, TLS"), first.Errors);
        Assert.That(second.Text, Does.Contain("Reused, TLS"), second.Errors);
    }

    [TestCase("imap")]
    [TestCase("smtp")]
    [Property("Fact", "openssl reports that no application protocol was negotiated, and the server's answer to the command comes through")]
    public async Task Application_protocols_are_ignored_politely(string protocol)
    {
        var result = await ConnectAsync(protocol, "-alpn", "h2,imap");

        Assert.That(result.Text, Does.Contain("No ALPN negotiated"), result.Errors);
        Assert.That(result.Text, Does.Contain(protocol == "imap" ? "BYE" : "221"));
    }

    [Test]
    [Property("Fact", "without a certificate openssl gets an alert or an end in the place of the greeting, with one of the authority it gets the greeting")]
    public async Task Clients_without_a_certificate_are_turned_away_where_one_is_required()
    {
        using var client = _authority.Issue(["client.example.org"], TestAuthority.ClientAuthentication);
        var (certificate, key, chain) = (Path.Combine(_folder, "client.pem"), Path.Combine(_folder, "client.key"), Path.Combine(_folder, "chain.pem"));
        await File.WriteAllTextAsync(certificate, client.ExportCertificatePem());
        await File.WriteAllTextAsync(key, PemFiles.Key(client));
        await File.WriteAllTextAsync(chain, _authority.Intermediate.ExportCertificatePem());
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Arguments = ["--Mail:Tls:ClientCertificates=Require", "--Mail:Tls:ClientAuthorities=" + Root],
        });
        string[] connect = ["s_client", "-connect", $"127.0.0.1:{server.Imaps}", "-ign_eof", "-quiet", "-crlf"];

        var without = await ClientTool.Openssl.RunAsync(connect, "a LOGOUT\n"u8.ToArray());
        var with = await ClientTool.Openssl.RunAsync([.. connect, "-cert", certificate, "-key", key, "-cert_chain", chain], "a LOGOUT\n"u8.ToArray());

        Assert.That(without.Text, Does.Not.Contain("OK"));
        Assert.That(with.Text, Does.Contain("* OK").And.Contain("a OK"), with.Errors);
    }

    [Test]
    [Property("Fact", "the sample prints purpose, protocol, port and encryption of each endpoint, by the preset's rules, and announces STARTTLS on 25 by none of them")]
    public async Task The_table_of_a_preset_is_printed_at_the_start()
    {
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            AllRoles = false,
            Arguments =
            [
                "--Mail:Preset=DockerMailserver", "--Mail:AllowSubmissionFrom:0=172.16.0.0/12", "--Mail:Certificate:Folder=" + _folder,
                .. SampleServer.ListenerArguments("Smtp", "Submission", "Imap", "Imaps"),
            ],
        });

        Assert.That(server.Process.Output, Does.Match($@"  smtp +Transfer, submission from 172\.16\.0\.0/12 +SMTP +{server.Smtp} +none "));
        Assert.That(server.Process.Output, Does.Match($@"  submission +Submission +SMTP +{server.Submission} +STARTTLS required "));
        Assert.That(server.Process.Output, Does.Match($@"  imap +Retrieval +IMAP +{server.Imap} +STARTTLS required "));
        Assert.That(server.Process.Output, Does.Match($@"  imaps +Retrieval +IMAP +{server.Imaps} +implicit TLS "));
        await using var smtp = await Wire.WireConnection.ConnectAsync(server.Smtp, tls: false);
        await smtp.ReadLineAsync();
        await smtp.WriteAsync("STARTTLS\r\n");
        Assert.That(await smtp.ReadLineAsync(), Does.StartWith("502"));
    }

    private Task<ClientResult> ConnectAsync(string protocol, params string[] options)
    {
        var (port, bye) = protocol switch
        {
            "smtp" => (_server.Smtp, "QUIT\n"),
            "imap" => (_server.Imap, "z LOGOUT\n"),
            _ => (_server.Pop3, "QUIT\n"),
        };
        // It stays until the server closes, or a TLS 1.3 ticket may come too late to be kept.
        return ClientTool.Openssl.RunAsync(
            ["s_client", "-connect", $"127.0.0.1:{port}", "-starttls", protocol, "-CAfile", Root, "-ign_eof", "-crlf", .. options],
            System.Text.Encoding.ASCII.GetBytes(bye));
    }
}
