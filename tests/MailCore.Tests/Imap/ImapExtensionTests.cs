using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Hosting;
using MailCore.Imap;
using MailCore.Imap.Extensions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapExtensionTests
{
    [Test]
    public async Task A_host_registers_a_command_and_its_capability()
    {
        await using var server = await MailServer.StartAsync(static mail =>
        {
            mail.HostName = "mx.example.org";
            mail.Domains.Add("example.org");
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore().AddAccount("bob@example.org", "secret");
            mail.ListenImap(0, static endpoint => endpoint.UseCleartext().AllowCleartextAuthentication());
            mail.Services.AddSingleton<ImapExtension, CountCommand>();
        });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)server.Endpoints["imap"].EndPoint).Port);
        using var lines = new StreamReader(client.GetStream(), Encoding.ASCII);
        Assert.That(await lines.ReadLineAsync(), Does.Not.Contain("X-COUNT"));
        await client.GetStream().WriteAsync("a LOGIN bob@example.org secret\r\nb x-count from 7\r\n"u8.ToArray());
        Assert.That(await lines.ReadLineAsync(), Does.Match(@"^a OK \[CAPABILITY .* X-COUNT(=1)?( .*)?\] Welcome$"));
        Assert.That(await lines.ReadLineAsync(), Is.EqualTo("* X-COUNT 1 bob@example.org from 7"));
        Assert.That(await lines.ReadLineAsync(), Is.EqualTo("b OK [X-CODE] Counted"));
    }

    [Test]
    public async Task It_is_refused_in_the_wrong_state_and_its_failure_is_a_NO()
    {
        await using var server = new ImapTestServer { Extensions = [new CountCommand(), new FailingCommand()] };
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        Assert.That((await client.RunAsync("X-COUNT"))[^1], Does.EndWith(" BAD Log in first"));
        await client.OkAsync("LOGIN bob secret");
        Assert.That((await client.RunAsync("X-FAIL"))[^1], Does.EndWith(" BAD Select a mailbox first"));
        await client.OkAsync("SELECT INBOX");
        Assert.That((await client.RunAsync("X-FAIL"))[^1], Does.Contain(" NO [SERVERBUG] "));
        Assert.That((await client.OkAsync("X-COUNT"))[0], Is.EqualTo("* X-COUNT 1 bob "));
    }

    [Test]
    public async Task It_gets_the_octets_of_literals()
    {
        await using var server = new ImapTestServer { Extensions = [new CountCommand()] };
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.SendAsync("a X-COUNT {4+}\r\na\r\nb\r\n");
        Assert.That((await client.ReadToAsync("a"))[0], Is.EqualTo("* X-COUNT 1 bob {4+}|a|b"));
    }

    [TestCase("FETCH")]
    [TestCase("UID")]
    [TestCase("")]
    [TestCase("TWO WORDS")]
    [TestCase("A-NAME-THAT-IS-LONGER-THAN-THIRTY-TWO")]
    public void A_name_that_is_taken_or_can_t_be_is_refused_at_the_start(string name) =>
        Assert.That(() => new ImapCommandTable([new CountCommand(name)]), Throws.ArgumentException.With.Message.Contains($"'{name}'"));

    private sealed class CountCommand(string name) : ImapExtension
    {
        private int _count;

        public CountCommand()
            : this("x-count")
        {
        }

        public override string Command => name;

        public override string Capability => "X-COUNT";

        public override async ValueTask<ImapReply> RunAsync(ImapExtensionContext context, CancellationToken cancellationToken)
        {
            var arguments = Encoding.ASCII.GetString(context.Arguments.Span).Replace("\r\n", "|", StringComparison.Ordinal);
            await context.WriteUntaggedAsync($"X-COUNT {Interlocked.Increment(ref _count)} {context.Identity!.Name} {arguments}", cancellationToken);
            return ImapReply.Ok("Counted", "X-CODE");
        }
    }

    private sealed class FailingCommand : ImapExtension
    {
        public override string Command => "X-FAIL";

        public override ImapExtensionState State => ImapExtensionState.Selected;

        public override async ValueTask<ImapReply> RunAsync(ImapExtensionContext context, CancellationToken cancellationToken)
        {
            await Assert.ThatAsync(async () => await context.WriteUntaggedAsync("two\r\nlines", cancellationToken), Throws.ArgumentException);
            throw new InvalidOperationException(context.Selected!.Id.Value);
        }
    }
}
