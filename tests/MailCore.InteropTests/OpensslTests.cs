using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class OpensslTests : SampleFixture
{
    protected override int Accounts => 1;

    private string Certificate => Path.Combine(Server.DataFolder, "development-certificate.pem");

    [SetUp]
    public void RequireOpenssl() => ClientTool.Openssl.Require();

    [TestCase("smtp", "-tls1_2")]
    [TestCase("smtp", "-tls1_3")]
    [TestCase("submission", "-tls1_3")]
    [TestCase("submissions", "-tls1_3")]
    [TestCase("imap", "-tls1_2")]
    [TestCase("imap", "-tls1_3")]
    [TestCase("imaps", "-tls1_3")]
    [TestCase("pop3", "-tls1_3")]
    [TestCase("pop3s", "-tls1_2")]
    [Property("Fact", "the certificate that openssl received is that of the data folder, and verifies by it for 127.0.0.1")]
    public async Task A_handshake_shows_the_certificate(string endpoint, string version)
    {
        var result = await HandshakeAsync(endpoint, version);

        Assert.That(result.Text, Does.Contain("Verification: OK"), result.Errors);
        using var shown = X509Certificate2.CreateFromPem(result.Text.AsSpan(result.Text.IndexOf("-----BEGIN", StringComparison.Ordinal)));
        using var kept = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Certificate));
        Assert.That(shown.GetCertHash(HashAlgorithmName.SHA256), Is.EqualTo(kept.GetCertHash(HashAlgorithmName.SHA256)));
    }

    [TestCase("smtp")]
    [TestCase("imaps")]
    [Property("Fact", "openssl reports an alert of the server, and no certificate")]
    public async Task Tls_1_1_is_refused(string endpoint)
    {
        // Security level 0, or openssl itself refuses.
        var result = await HandshakeAsync(endpoint, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0");

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Text, Does.Not.Contain("BEGIN CERTIFICATE"));
        Assert.That(result.Errors, Does.Contain("alert protocol version"));
    }

    private Task<ClientResult> HandshakeAsync(string endpoint, params string[] options)
    {
        var (port, startTls) = endpoint switch
        {
            "smtp" => (Server.Smtp, "smtp"),
            "submission" => (Server.Submission, "smtp"),
            "submissions" => (Server.Submissions, null),
            "imap" => (Server.Imap, "imap"),
            "imaps" => (Server.Imaps, null),
            "pop3" => (Server.Pop3, "pop3"),
            _ => (Server.Pop3s, null),
        };
        return ClientTool.Openssl.RunAsync([
            "s_client", "-connect", $"127.0.0.1:{port}", .. startTls is null ? Array.Empty<string>() : ["-starttls", startTls], "-CAfile", Certificate, "-verify_ip", "127.0.0.1",
            "-servername", "localhost", .. options]);
    }
}
