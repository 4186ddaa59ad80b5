using System.Net;
using System.Text;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

[CancelAfter(60_000)]
public class SmtpClientConnectionTests
{
    [Test]
    public async Task A_message_goes_to_a_server_of_ours_over_tls_that_is_verified()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["mx.example.org"]);
        (string? Sender, string? Recipient, string Text) received = default;
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.UseCertificate(certificate, [authority.Intermediate]);
            mail.ListenSmtp(0, smtp => smtp.OnMessage(async (envelope, message, ct) =>
            {
                using var reader = new StreamReader(message, Encoding.Latin1);
                received = (envelope.From.ToString(), envelope.Recipients[0].ToString(), await reader.ReadToEndAsync(ct));
                return SmtpReply.Ok;
            })).On(IPAddress.Loopback);
        });
        var options = new SmtpClientOptions { HostName = "client.example", ServerName = "mx.example.org", Tls = OutboundTlsLevel.Verify, Authorities = [authority.Root] };
        await using var client = await SmtpClientConnection.ConnectAsync((IPEndPoint)server.Endpoints[0].EndPoint, "out-1", options, TimeProvider.System, default);

        Assert.That((await client.OpenAsync(default)).Code, Is.EqualTo(250));
        Assert.That(client.IsSecured);
        await using var session = new SmtpRelaySession(client, options, TimeProvider.System);
        var outcomes = await session.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("bob@example.org"), "Subject: x\r\n\r\n.dots\r\n..\r\n.\r\nend\r\n"), default);

        Assert.That(outcomes.Single().Status, Is.EqualTo(RelayStatus.Sent), outcomes.Single().ToString());
        Assert.That(received.Sender, Is.EqualTo("alice@example.com"));
        Assert.That(received.Recipient, Is.EqualTo("bob@example.org"));
        Assert.That(received.Text, Does.EndWith("Subject: x\r\n\r\n.dots\r\n..\r\n.\r\nend\r\n"));
    }

    [Test]
    public async Task Nobody_there_is_an_IOException()
    {
        using var taken = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var options = new SmtpClientOptions { HostName = "client.example", ServerName = "mx.example.org" };

        // Bound, but nobody listens.
        await Assert.ThatAsync(
            () => SmtpClientConnection.ConnectAsync((IPEndPoint)taken.LocalEndPoint!, "out-1", options, TimeProvider.System, default),
            Throws.InstanceOf<IOException>().With.Message.Contains("Can't connect"));
    }

    [TestCase("554 5.7.1 Go away")]
    [TestCase("421 4.3.2 Later")]
    public async Task A_greeting_that_is_none_is_the_reply(string greeting)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();

        await server.SayAsync(greeting + "\r\n");

        Assert.That((await open).ToString(), Is.EqualTo(greeting));
    }

    [Test]
    public async Task A_server_that_knows_no_EHLO_gets_HELO_and_nothing_that_EHLO_would_have_to_announce()
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.SayAsync("220 old.example\r\n");
        await server.ExpectAsync("EHLO client.example");
        await server.SayAsync("502 what?\r\n");
        await server.ExpectAsync("HELO client.example");
        await server.SayAsync("250 old.example\r\n");
        Assert.That((await open).Code, Is.EqualTo(250));
        Assert.That(server.Client.Features.Has("SIZE"), Is.False);
    }

    [TestCase(100, ExpectedResult = true)]
    [TestCase(101, ExpectedResult = false)]
    public async Task<bool> A_reply_has_so_many_lines(int lines)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.SayAsync(string.Concat(Enumerable.Repeat("554-no\r\n", lines - 1)) + "554 no\r\n");
        return await IsReplyAsync(open);
    }

    [TestCase(2_048, ExpectedResult = true)]
    [TestCase(2_049, ExpectedResult = false)]
    public async Task<bool> A_line_of_a_reply_has_so_many_octets(int octets)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.SayAsync("554 " + new string('x', octets - 4) + "\r\n");
        return await IsReplyAsync(open);
    }

    [TestCase("hello\r\n")]
    [TestCase("99\r\n")]
    [TestCase("600 x\r\n")]
    [TestCase("150 x\r\n")]
    [TestCase("250+x\r\n")]
    [TestCase("\r\n")]
    [TestCase("220-one\r\n221 two\r\n", Description = "one code for all lines")]
    public async Task What_is_no_reply_breaks_the_connection(string said)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();

        await server.SayAsync(said);

        await Assert.ThatAsync(() => open, Throws.TypeOf<SmtpDialogException>().With.Message.Contains("no reply"));
    }

    [Test]
    public async Task A_reply_that_comes_octet_by_octet_is_the_same_and_its_controls_reach_nobody()
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();

        foreach (var octet in "554-5.7.1 one\u0007\r\n554-5.7.1 two\r\n554\r\n")
        {
            await server.SayAsync(octet.ToString());
        }

        var reply = await open;
        Assert.That((reply.Code, reply.Status?.ToString(), reply.Text), Is.EqualTo((554, "5.7.1", "one?\ntwo\n")));
    }

    [Test]
    public async Task The_time_is_for_the_whole_reply_and_an_octet_now_and_then_does_not_lengthen_it()
    {
        var time = new ManualTimeProvider();
        await using var server = new FakeServer(null, time);
        var open = server.Client.OpenAsync(default).AsTask();
        for (var minute = 0; minute < 4; minute++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await server.SayAsync("2");
        }

        Assert.That(open.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMinutes(1) + TimeSpan.FromSeconds(1));

        await Assert.ThatAsync(() => open.WaitAsync(TimeSpan.FromSeconds(30)), Throws.TypeOf<SmtpDialogException>().With.Message.Contains("in time"));
    }

    [Test]
    public async Task A_cancelled_wait_aborts_the_connection()
    {
        await using var server = new FakeServer();
        using var cancel = new CancellationTokenSource();
        var open = server.Client.OpenAsync(cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThatAsync(() => open.WaitAsync(TimeSpan.FromSeconds(30)), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await server.ReadLineAsync(), Is.Empty);
    }

    [Test]
    public async Task Random_servers_get_an_answer_or_an_IOException()
    {
        var random = new Random(11);
        string[] pieces = ["220", "250", "354", "500", " ", "-", "\r\n", "\n", "\r", "x", "STARTTLS", "5.7.1", "\0", "é", "2"];
        for (var round = 0; round < 300; round++)
        {
            await using var server = new FakeServer();
            var open = server.Client.OpenAsync(default).AsTask();
            await server.SayAsync(string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)])));
            server.Finish();
            try
            {
                Assert.That((await open.WaitAsync(TimeSpan.FromSeconds(30))).Code, Is.InRange(200, 599));
            }
            catch (IOException)
            {
            }
        }
    }

    private static async Task<bool> IsReplyAsync(Task<SmtpReply> open)
    {
        try
        {
            return (await open).Code == 554;
        }
        catch (SmtpDialogException)
        {
            return false;
        }
    }
}
