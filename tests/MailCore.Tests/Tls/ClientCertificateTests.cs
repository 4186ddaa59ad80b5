using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage.InMemory;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

public class ClientCertificateTests
{
    private static readonly ServerCertificate Server = ServerCertificate.SelfSigned("mx.example.org");

    private TestAuthority _authority = null!;
    private TestAuthority _stranger = null!;

    [OneTimeSetUp]
    public void MakeAuthorities() => (_authority, _stranger) = (new TestAuthority(), new TestAuthority());

    [OneTimeTearDown]
    public void RemoveAuthorities()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [TestCase(ClientCertificateRule.Ignore, "trusted", ExpectedResult = "none")]
    [TestCase(ClientCertificateRule.Request, "none", ExpectedResult = "none")]
    [TestCase(ClientCertificateRule.Request, "trusted", ExpectedResult = "bob@example.org")]
    [TestCase(ClientCertificateRule.Request, "untrusted", ExpectedResult = "none")]
    [TestCase(ClientCertificateRule.Request, "for servers", ExpectedResult = "none")]
    [TestCase(ClientCertificateRule.Request, "expired", ExpectedResult = "none")]
    [TestCase(ClientCertificateRule.Require, "trusted", ExpectedResult = "bob@example.org")]
    [TestCase(ClientCertificateRule.Require, "none", ExpectedResult = "refused")]
    [TestCase(ClientCertificateRule.Require, "untrusted", ExpectedResult = "refused")]
    [TestCase(ClientCertificateRule.Require, "for servers", ExpectedResult = "refused")]
    [TestCase(ClientCertificateRule.Require, "expired", ExpectedResult = "refused")]
    public async Task<string> What_the_connection_knows_of_its_client(ClientCertificateRule rule, string shown)
    {
        var policy = TlsPolicy.Implicit with { ClientCertificates = rule, ClientAuthorities = [_authority.Root] };
        using var certificate = Certificate(shown);
        try
        {
            await using var link = await TlsLink.ConnectAsync(policy, Server, client =>
            {
                if (certificate is not null)
                {
                    var issuer = shown == "untrusted" ? _stranger.Intermediate : _authority.Intermediate;
                    client.ClientCertificateContext = System.Net.Security.SslStreamCertificateContext.Create(certificate, [issuer], offline: true);
                }
            });
            return link.Server.ClientCertificate?.GetNameInfo(X509NameType.EmailName, false) ?? "none";
        }
        catch (TlsHandshakeException)
        {
            return "refused";
        }
    }

    [TestCase("bob@example.org", null, ExpectedResult = "bob")]
    [TestCase("bob@example.org", "", ExpectedResult = "bob")]
    [TestCase("bob@example.org", "BOB@example.org", ExpectedResult = "bob")]
    [TestCase("bob@example.org", "alice@example.org", ExpectedResult = "rejected", Description = "no certificate entitles to be somebody else")]
    [TestCase("nobody@example.org", null, ExpectedResult = "rejected")]
    [TestCase("all@example.org", null, ExpectedResult = "rejected", Description = "an alias is nobody")]
    [TestCase("bob@elsewhere.example", null, ExpectedResult = "rejected")]
    [TestCase(null, null, ExpectedResult = "rejected")]
    public async Task<string> A_certificates_address_is_its_account(string? email, string? authorization)
    {
        var directory = new InMemoryMailDirectory();
        directory.AddDomain("example.org");
        var bob = await directory.CreateAsync(EmailAddress.Parse("bob@example.org"), null, default);
        await directory.CreateAsync(EmailAddress.Parse("alice@example.org"), null, default);
        directory.AddAlias(EmailAddress.Parse("all@example.org"), EmailAddress.Parse("bob@example.org"));
        using var certificate = _authority.Issue(["client.example.org"], TestAuthority.ClientAuthentication, email);

        var result = await new AddressCertificateMapper(directory).MapAsync(certificate, authorization, new AuthenticationContext("smtp", null, IsSecured: true), default);

        return result is AuthenticationResult.Ok ok && ok.Identity.Account == bob ? "bob" : result is AuthenticationResult.Rejected ? "rejected" : result.ToString();
    }

    private X509Certificate2? Certificate(string kind) => kind switch
    {
        "none" => null,
        "trusted" => _authority.Issue([], TestAuthority.ClientAuthentication, "bob@example.org"),
        "untrusted" => _stranger.Issue([], TestAuthority.ClientAuthentication, "bob@example.org"),
        "for servers" => _authority.Issue([], TestAuthority.ServerAuthentication, "bob@example.org"),
        "expired" => _authority.Issue([], TestAuthority.ClientAuthentication, "bob@example.org", DateTimeOffset.UtcNow.AddMinutes(-10)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
