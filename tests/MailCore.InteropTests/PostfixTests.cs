using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>A real Postfix is the client: what it was given it passes on to the sample.</summary>
internal sealed class PostfixTests : SampleFixture
{
    protected override int Accounts => 8;

    protected override string[] Arguments =>
    [
        "--Mail:Listeners:8:Role=Smtp", "--Mail:Listeners:8:Address=127.0.0.1", "--Mail:Listeners:8:Port=0", "--Mail:Listeners:8:XForwardFrom:0=127.0.0.1",
    ];

    [SetUp]
    public void RequirePostfix() => PostfixServer.Require();

    [TestCase("may", " with ESMTPS ")]
    [TestCase("none", " with ESMTP ")]
    [Property("Fact", "FETCH BODY[] ends with the octets that Postfix was given, below its own trace, and our trace names the protocol")]
    public async Task Delivers_over_smtp(string tls, string protocol)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("from postfix"));
        await using var postfix = await PostfixServer.StartAsync($"relayhost = [127.0.0.1]:{Server.Smtp}", $"smtp_tls_security_level = {tls}");

        await GiveAsync(postfix, message, account);

        Assert.That(await postfix.WaitForLogAsync($"to=<{account}>"), Does.Contain("dsn=2.0.0, status=sent (250 2.0.0 OK queued as "));
        Assert.That(await TraceAsync(account, message), Does.Contain("from client.example ([127.0.0.1])").And.Contain(protocol));
    }

    [Test]
    [Property("Fact", "Postfix's log says which recipient bounced for what; the others' mailboxes hold the octets that it was given")]
    public async Task Delivers_over_lmtp_and_is_told_of_each_recipient()
    {
        var (one, two, message) = (NewAccount(), NewAccount(), StoredMessage.Make("from postfix by lmtp"));
        await using var postfix = await PostfixServer.StartAsync(
            $"default_transport = lmtp:inet:[127.0.0.1]:{Server.Lmtp}", $"relay_transport = lmtp:inet:[127.0.0.1]:{Server.Lmtp}", "lmtp_destination_recipient_limit = 50",
            "transport_maps = inline:{ example.com=discard }");

        await GiveAsync(postfix, message, one, "nobody@example.org", two);

        foreach (var account in new[] { one, two })
        {
            Assert.That(await postfix.WaitForLogAsync($"to=<{account}>"), Does.Contain("status=sent (250 2.0.0 OK queued as "));
            Assert.That(await TraceAsync(account, message), Does.Contain(" with LMTP "));
        }

        Assert.That(await postfix.WaitForLogAsync("to=<nobody@example.org>"), Does.Contain("dsn=5.1.1, status=bounced").And.Contain("550 5.1.1"));
    }

    [Test]
    [Property("Fact", "IMAP shows all messages in full, and Postfix's log that one connection carried several")]
    public async Task Keeps_a_connection_for_many_messages()
    {
        const int Count = 20;
        var account = NewAccount();
        await using var postfix = await PostfixServer.StartAsync(
            $"relayhost = [127.0.0.1]:{Server.Smtp}", "smtp_destination_concurrency_limit = 1", "smtp_destination_recipient_limit = 1");
        var messages = Enumerable.Range(1, Count).Select(static number => StoredMessage.Make($"number {number}")).ToList();

        foreach (var message in messages)
            await GiveAsync(postfix, message, account);

        await using var imap = await OpenImapAsync(account);
        for (var i = 0; i < 1_200 && await imap.CountAsync() < Count; i++)
        {
            await Task.Delay(50);
            await imap.SendAsync("NOOP");
        }

        var stored = await imap.FetchAllAsync();
        Assert.That(messages.Count(message => stored.Count(octets => EndsWith(octets, message)) == 1), Is.EqualTo(Count));
    }

    [Test]
    [Property("Fact", "the server's log tells the client that Postfix had the message from, and its queue id there")]
    public async Task Forwards_the_clients_name_by_xforward()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("xforward"));
        await using var postfix = await PostfixServer.StartAsync($"relayhost = [127.0.0.1]:{Server.Port("smtp-2")}", "smtp_send_xforward_command = yes");

        await GiveAsync(postfix, message, account);

        var id = (await postfix.WaitForLogAsync($"to=<{account}>")).Split(": ")[1];
        await Server.Process.WaitForOutputAsync(output => System.Text.RegularExpressions.Regex.IsMatch(
            output, $@"forwarded as {id}, from \S+ \[127\.0\.0\.1\], HELO client\.example"));
        await TraceAsync(account, message);
    }

    [Test]
    [Property("Fact", "Postfix's log says that the message was refused for its size before it was sent")]
    public async Task Learns_the_size_limit_from_the_greeting()
    {
        await using var small = await SampleServer.StartAsync(new SampleSetUp { Accounts = ["bob@example.org"], Arguments = ["--Mail:MaxMessageSize=1000"] });
        await using var postfix = await PostfixServer.StartAsync($"relayhost = [127.0.0.1]:{small.Smtp}", "transport_maps = inline:{ example.com=discard }");

        await GiveAsync(postfix, StoredMessage.Make("too large"), "bob@example.org");

        Assert.That(await postfix.WaitForLogAsync("to=<bob@example.org>"), Does.Contain("dsn=5.3.4, status=bounced").And.Contain("exceeds size limit 1000"));
    }

    private static async Task GiveAsync(PostfixServer postfix, byte[] message, params string[] recipients)
    {
        await using var smtp = await RawSmtp.ConnectAsync(postfix.Port);
        await smtp.SendAsync("MAIL FROM:<sender@example.com> BODY=8BITMIME");
        foreach (var recipient in recipients)
            Assert.That(await smtp.SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"));

        Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
        await smtp.SendContentAsync(new MemoryStream(message));
        Assert.That(await smtp.EndContentAsync(), Does.StartWith("250"));
    }

    /// <summary>Our trace and Postfix's, above the message as it was given.</summary>
    private async Task<string> TraceAsync(string account, byte[] message)
    {
        await using var imap = await OpenImapAsync(account);
        var stored = await imap.FetchAsync(1);
        Assert.That(EndsWith(stored, message), "the octets differ");
        return Encoding.UTF8.GetString(stored, 0, stored.Length - message.Length);
    }

    private static bool EndsWith(byte[] stored, byte[] message) => stored.AsSpan().EndsWith(message);
}
