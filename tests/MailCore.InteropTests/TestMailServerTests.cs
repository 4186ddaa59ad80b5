using System.Text;
using MailCore.InteropTests.Tools;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Other processes as the system under test: they trust the server by its certificate's file.</summary>
internal sealed class TestMailServerTests
{
    private static readonly byte[] Message = Encoding.ASCII.GetBytes("Subject: by curl\r\n\r\nHello\r\n");

    [Test]
    [Property("Fact", "the octets and the login that the inbox got are curl's, and curl's POP3 prints them again")]
    public async Task Curl_sends_and_reads_and_trusts_the_certificate_file()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();

        await CurlAsync(mail, bob, $"smtps://localhost:{mail.SubmissionsPort}", "--mail-from", "a@shop.example", "--mail-rcpt", bob.Address, "--upload-file", "-");

        var received = await bob.WaitForAsync(timeout: TimeSpan.FromSeconds(30));
        Assert.That(received.Octets.ToArray(), Is.EqualTo(Message));
        Assert.That(received.Session.AuthenticatedUser, Is.EqualTo(bob.Address));
        Assert.That(await CurlAsync(mail, bob, $"pop3s://localhost:{mail.Pop3sPort}/1"), Does.EndWith(Encoding.ASCII.GetString(Message)));
        Assert.That(string.Concat(bob.Transcripts), Does.Not.Contain(bob.Password));
    }

    [Test]
    [Property("Fact", "Python's ssl module verifies the name and the chain with the file, and imaplib finds the seed")]
    public async Task Imaplib_trusts_the_certificate_file()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await bob.SeedAsync(Message);

        var result = await ClientTool.Python.RunAsync(["-c", $"""
            import imaplib, ssl
            imap = imaplib.IMAP4_SSL('localhost', {mail.ImapsPort}, ssl_context=ssl.create_default_context(cafile='{mail.CertificateFile}'))
            imap.login('{bob.Address}', '{bob.Password}')
            imap.select()
            print(imap.fetch('1', '(BODY[TEXT])')[1][0][1])
            """]);

        Assert.That(result.Text, Is.EqualTo("b'Hello\\r\\n'\n"), result.Errors);
    }

    private static async Task<string> CurlAsync(TestMailServer mail, TestInbox inbox, params string[] arguments)
    {
        var result = await ClientTool.Curl.RunAsync(["--silent", "--show-error", "--cacert", mail.CertificateFile, "--user", $"{inbox.Address}:{inbox.Password}", .. arguments], Message);
        Assert.That(result.ExitCode, Is.Zero, result.Errors);
        return result.Text;
    }
}
