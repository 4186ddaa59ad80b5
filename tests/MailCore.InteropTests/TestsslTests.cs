using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>
/// testssl.sh against the sample, with a certificate of a private authority that testssl is told to trust, so that no finding has to be
/// excused. MAILCORE_TESTSSL=full runs all of its checks, which takes a minute for each port.
/// </summary>
internal sealed class TestsslTests
{
    private static readonly string[] Bad = ["MEDIUM", "HIGH", "CRITICAL", "FATAL"];

    // Versions, certificate and chain, and the attacks that are cheap to try.
    private static readonly string[] Restricted = ["--protocols", "--server-defaults", "--heartbleed", "--renegotiation", "--compression"];

    private string _folder = null!;
    private SampleServer _server = null!;

    private static bool IsFull => Environment.GetEnvironmentVariable("MAILCORE_TESTSSL") == "full";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        ClientTool.Testssl.Require();
        _folder = SourceTree.NewFolder();
        using var authority = new TestAuthority();
        // As long as public ones: testssl minds both an early and a late end.
        using var certificate = authority.Issue(["localhost", "127.0.0.1"], notAfter: DateTimeOffset.UtcNow.AddDays(90));
        await File.WriteAllTextAsync(Path.Combine(_folder, "root.pem"), authority.Root.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_folder, "fullchain.pem"), $"{certificate.ExportCertificatePem()}\n{authority.Intermediate.ExportCertificatePem()}\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "privkey.pem"), PemFiles.Key(certificate));
        _server = await SampleServer.StartAsync(new SampleSetUp { Arguments = ["--Mail:Certificate:Folder=" + _folder] });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    [TestCase("smtp", "smtp")]
    [TestCase("imap", "imap")]
    [TestCase("pop3", "pop3")]
    [TestCase("imaps", null)]
    [Property("Fact", "testssl's JSON: TLS 1.2 and 1.3 offered, nothing older, the chain trusted, and no finding of MEDIUM or worse")]
    public async Task Testssl_finds_nothing_of_medium_severity_or_worse(string endpoint, string? startTls)
    {
        var port = endpoint switch { "smtp" => _server.Smtp, "imap" => _server.Imap, "pop3" => _server.Pop3, _ => _server.Imaps };
        var report = Path.Combine(_folder, endpoint + ".json");
        string[] options = ["--nodns", "none", "--warnings", "batch", "--quiet", "--color", "0", "--add-ca", Path.Combine(_folder, "root.pem"), "--jsonfile", report];

        var result = await ClientTool.Testssl.RunAsync(
            [.. options, .. IsFull ? [] : Restricted, .. startTls is null ? Array.Empty<string>() : ["--starttls", startTls], $"127.0.0.1:{port}"],
            surroundings: new ClientSurroundings(Timeout: TimeSpan.FromMinutes(10)));

        Assert.That(File.Exists(report), result.Text + result.Errors);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(report));
        var findings = json.RootElement.EnumerateArray()
            .Select(static one => (Id: Text(one, "id"), Severity: Text(one, "severity"), Finding: Text(one, "finding")))
            .ToList();
        Assert.That(findings.Where(static one => Bad.Contains(one.Severity)), Is.Empty, result.Text);
        Assert.That(findings.Select(static one => (one.Id, one.Severity)), Is.SupersetOf(new[]
        {
            ("SSLv2", "OK"), ("SSLv3", "OK"), ("TLS1_2", "OK"), ("TLS1_3", "OK"), ("cert_trust", "OK"), ("cert_chain_of_trust", "OK"), ("heartbleed", "OK"),
        }), result.Text);
        Assert.That(findings.Where(static one => one.Id is "TLS1" or "TLS1_1").Select(static one => one.Finding), Is.EqualTo(new[] { "not offered", "not offered" }));
    }

    private static string Text(JsonElement one, string name) => one.GetProperty(name).GetString()!;
}
