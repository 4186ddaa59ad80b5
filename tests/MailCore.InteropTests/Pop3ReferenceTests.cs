using System.Globalization;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Where RFC 1939 is silent, Dovecot is the reference: the same commands over the same messages, side by side.</summary>
internal sealed class Pop3ReferenceTests : SampleFixture
{
    private const string User = "reference";

    // Those without a dot at the end have one line.
    private static readonly string[] Dialog =
    [
        "STAT", "LIST.", "LIST 2", "LIST 9", "LIST 0", "LIST x", "UIDL 9", "RETR 1.", "RETR 2.", "RETR 3.", "TOP 1 0.", "TOP 1 1.", "TOP 2 1000.",
        "TOP 1", "TOP 9 1", "TOP 1 -1", "DELE 2", "DELE 2", "RETR 2", "LIST 2", "UIDL 2", "TOP 2 0", "STAT", "LIST.", "RSET", "STAT", "NOOP",
        "DELE 9", "FOO", "RETR 2.", "DELE 1", "STAT", "QUIT",
    ];

    protected override int Accounts => 1;

    [Test]
    [Property("Fact", "each status and each multi-line answer is Dovecot's, octet for octet; after QUIT both have the same messages left")]
    public async Task Answers_are_those_of_Dovecot()
    {
        DovecotServer.Require();
        var account = NewAccount();
        byte[][] messages = [StoredMessage.Make("first"), Encoding.UTF8.GetBytes("Subject: dots\r\n\r\n.\r\n..\r\nx\r\n.y\r\n"), Encoding.UTF8.GetBytes("Subject: no body\r\n\r\n")];
        await using var dovecot = await DovecotServer.StartAsync();
        await AppendAsync(await RawImap.ConnectAsync(dovecot.Port, User, DovecotServer.Password, tls: false), messages);
        await AppendAsync(await OpenImapAsync(account), messages);

        var expected = await PlayAsync(await RawPop3.ConnectAsync(dovecot.Pop3, User, DovecotServer.Password, tls: false));
        var actual = await PlayAsync(await OpenPop3Async(account));

        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(await PlayAsync(await OpenPop3Async(account), "STAT", "LIST."), Is.EqualTo(
            await PlayAsync(await RawPop3.ConnectAsync(dovecot.Pop3, User, DovecotServer.Password, tls: false), "STAT", "LIST.")));
    }

    [Test]
    [Property("Fact", "Dovecot's UIDL is what tests/scripts/pop3/uidl-dovecot.txt asks of us: its IMAP's UID and UIDVALIDITY, eight hexadecimal digits each")]
    public async Task Dovecots_unique_ids_have_the_form_that_ours_can_take()
    {
        DovecotServer.Require();
        await using var dovecot = await DovecotServer.StartAsync();
        await AppendAsync(await RawImap.ConnectAsync(dovecot.Port, User, DovecotServer.Password, tls: false), StoredMessage.Make("one"), StoredMessage.Make("two"));
        await using var imap = await RawImap.ConnectAsync(dovecot.Port, User, DovecotServer.Password, mailbox: null, tls: false);
        var status = await imap.SendAsync("STATUS INBOX (UIDVALIDITY)");
        var digits = status.Single(static line => line.Text.Contains("UIDVALIDITY", StringComparison.Ordinal)).Text.Split("UIDVALIDITY ")[1].TrimEnd(')', '\r', '\n');
        var validity = uint.Parse(digits, CultureInfo.InvariantCulture);
        await using var pop3 = await RawPop3.ConnectAsync(dovecot.Pop3, User, DovecotServer.Password, tls: false);

        Assert.That(Encoding.ASCII.GetString(await pop3.ReadLinesAsync("UIDL")), Is.EqualTo(
            string.Create(CultureInfo.InvariantCulture, $"1 {1:x8}{validity:x8}\r\n2 {2:x8}{validity:x8}\r\n")));
    }

    private static async Task AppendAsync(RawImap imap, params byte[][] messages)
    {
        await using (imap)
        {
            foreach (var message in messages)
                await imap.AppendAsync("INBOX", message.Length, new MemoryStream(message));
        }
    }

    private static async Task<string> PlayAsync(RawPop3 pop3, params string[] commands)
    {
        await using (pop3)
        {
            var transcript = new StringBuilder();
            foreach (var command in commands is [] ? Dialog : commands)
            {
                transcript.Append(command).Append(": ");
                if (command.EndsWith('.'))
                    transcript.Append("+OK\r\n").Append(Encoding.UTF8.GetString(await pop3.ReadLinesAsync(command.TrimEnd('.'))));
                else
                    transcript.Append(Comparable(command, await pop3.SendAsync(command)));

                transcript.Append('\n');
            }

            return transcript.ToString();
        }
    }

    // Texts differ and may; what a client reads must not.
    private static string Comparable(string command, string reply) =>
        reply.StartsWith("+OK", StringComparison.Ordinal) && command.Split(' ')[0] is ("STAT" or "LIST")
            ? reply
            : reply.Split(' ')[0];
}
