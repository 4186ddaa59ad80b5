using System.Text;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Tests.Imap;
using MailCore.Tests.Pop3;
using MailCore.Tests.Scripts;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

/// <summary>
/// Which right each command needs, by the protocols: amy has all rights on bob's mailbox Work but the one that heads the column.
/// '+' is done, '-' is refused (NOPERM), '0' is answered as if there were no such mailbox.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MailboxPermissionTableTests
{
    private const string Work = "\"Other Users/bob/Work\"";
    private const string Box = "\"Other Users/bob/Box\"";

    private const string Expected = """
        without                          l r s w i k x t e p a
        LIST                             0 + + + + + + + + + +
        SUBSCRIBE                        0 + + + + + + + + + +
        MYRIGHTS                         0 + + + + + + + + + +
        SELECT                           0 - + + + + + + + + +
        EXAMINE                          0 - + + + + + + + + +
        STATUS                           0 - + + + + + + + + +
        GETQUOTAROOT                     0 - + + + + + + + + +
        APPEND                           0 + + + - + + + + + +
        COPY into it                     0 + + + - + + + + + +
        MOVE into it                     0 + + + - + + + + + +
        FETCH                            0 0 + + + + + + + + +
        SEARCH                           0 0 + + + + + + + + +
        SORT                             0 0 + + + + + + + + +
        THREAD                           0 0 + + + + + + + + +
        STORE \Seen                      0 0 - + + + + + + + +
        STORE \Flagged                   0 0 + - + + + + + + +
        STORE keyword                    0 0 + - + + + + + + +
        STORE \Deleted                   0 0 + + + + + - + + +
        STORE all flags                  0 0 - - + + + - + + +
        COPY from it                     0 0 + + + + + + + + +
        MOVE from it                     0 0 + + + + + - - + +
        REPLACE of it                    0 0 + + + + + - - + +
        EXPUNGE                          0 0 + + + + + + - + +
        UID EXPUNGE                      0 0 + + + + + + - + +
        CREATE below it                  - + + + + - + + + + +
        RENAME to below it               - + + + + - + + + + +
        RENAME of it                     0 + + + + + - + + + +
        DELETE                           0 + + + + + - + + + +
        SETACL                           0 + + + + + + + + + -
        DELETEACL                        0 + + + + + + + + + -
        GETACL                           0 + + + + + + + + + -
        LISTRIGHTS                       0 + + + + + + + + + -
        GETMETADATA                      0 + + + + + + + + + +
        SETMETADATA shared               0 + + - + + + + + + +
        CATENATE of it                   0 0 + + + + + + + + +
        NOTIFY of messages in it         0 0 + + + + + + + + +
        delivery to bob+work             + + + + + + + + + 0 +
        POP3 login                       0 0 + + + + + + + + +
        POP3 DELE                        0 0 + + + + + - - + +

        """;

    private static readonly Row[] Rows =
    [
        new("LIST", $"LIST \"\" {Work}"),
        new("SUBSCRIBE", $"SUBSCRIBE {Work}"),
        new("MYRIGHTS", $"MYRIGHTS {Work}"),
        new("SELECT", $"SELECT {Work}"),
        new("EXAMINE", $"EXAMINE {Work}"),
        new("STATUS", $"STATUS {Work} (MESSAGES)"),
        new("GETQUOTAROOT", $"GETQUOTAROOT {Work}"),
        new("APPEND", $"APPEND {Work} {{3+}}\r\nabc"),
        new("COPY into it", $"COPY 1 {Work}", "INBOX"),
        new("MOVE into it", $"MOVE 1 {Work}", "INBOX"),
        new("FETCH", "FETCH 1 BODY.PEEK[]", Work),
        new("SEARCH", "SEARCH ALL", Work),
        new("SORT", "SORT (DATE) UTF-8 ALL", Work),
        new("THREAD", "THREAD REFERENCES UTF-8 ALL", Work),
        new("STORE \\Seen", "STORE 1 +FLAGS (\\Seen)", Work),
        new("STORE \\Flagged", "STORE 1 -FLAGS (\\Flagged)", Work),
        new("STORE keyword", "STORE 1 +FLAGS (Word)", Work),
        new("STORE \\Deleted", "STORE 1 -FLAGS (\\Deleted)", Work),
        new("STORE all flags", "STORE 1 FLAGS ()", Work),
        new("COPY from it", "COPY 1 INBOX", Work),
        new("MOVE from it", "MOVE 1 INBOX", Work),
        new("REPLACE of it", "REPLACE 1 INBOX {3+}\r\nabc", Work),
        new("EXPUNGE", "EXPUNGE", Work),
        new("UID EXPUNGE", "UID EXPUNGE 1", Work),
        new("CREATE below it", $"CREATE {Work[..^1]}/New\""),
        new("RENAME to below it", $"RENAME {Box} {Work[..^1]}/Box\""),
        new("RENAME of it", $"RENAME {Work} {Box[..^1]}/Work\""),
        new("DELETE", $"DELETE {Work}"),
        new("SETACL", $"SETACL {Work} eve lr"),
        new("DELETEACL", $"DELETEACL {Work} eve"),
        new("GETACL", $"GETACL {Work}"),
        new("LISTRIGHTS", $"LISTRIGHTS {Work} eve"),
        new("GETMETADATA", $"GETMETADATA {Work} /shared/comment"),
        new("SETMETADATA shared", $"SETMETADATA {Work} (/shared/comment \"x\")"),
        new("CATENATE of it", "APPEND INBOX CATENATE (URL \"/Other%20Users/bob/Work/;UID=1\")"),
        new("NOTIFY of messages in it", $"NOTIFY SET STATUS (MAILBOXES {Work} (MessageNew MessageExpunge))"),
        new("delivery to bob+work", ""),
        new("POP3 login", ""),
        new("POP3 DELE", "DELE"),
    ];

    [Test]
    public async Task Every_command_needs_the_rights_of_the_table()
    {
        var table = new StringBuilder().Append("without".PadRight(33)).AppendJoin(' ', RightsText.Each.Select(static each => each.Letter)).Append('\n');
        foreach (var row in Rows)
        {
            var cells = new List<char>();
            foreach (var (_, right) in RightsText.Each)
            {
                cells.Add(await AnswerAsync(row, MailboxRights.All & ~right));
            }

            table.Append(row.Name.PadRight(33)).AppendJoin(' ', cells).Append('\n');
        }

        await TestContext.Out.WriteAsync(table.ToString());
        Assert.That(table.ToString(), Is.EqualTo(Expected));
        var page = await File.ReadAllTextAsync(Path.Combine(ScriptFiles.Root, "..", "..", "docs", "sharing.md"));
        Assert.That(page.ReplaceLineEndings("\n"), Does.Contain(Expected));
    }

    [Test]
    public async Task The_rights_of_the_table_are_enough()
    {
        var lines = Expected.Split('\n')[1..];
        foreach (var (row, line) in Rows.Zip(lines))
        {
            var cells = line[33..].Split(' ');
            var needed = RightsText.Each.Where((_, i) => cells[i] != "+").Aggregate(MailboxRights.None, static (rights, each) => rights | each.Right);
            // RFC 5464 asks for any of five beside l.
            needed |= row.Name == "GETMETADATA" ? MailboxRights.Post : MailboxRights.None;
            Assert.That(await AnswerAsync(row, needed), Is.EqualTo('+'), $"{row.Name} with {RightsText.Format(needed)}");
        }
    }

    [Test]
    public async Task Nothing_is_done_without_any_right()
    {
        foreach (var row in Rows)
        {
            Assert.That(await AnswerAsync(row, MailboxRights.None), Is.AnyOf('0', '-'), row.Name);
        }
    }

    private static Task<char> AnswerAsync(Row row, MailboxRights rights) =>
        row.Name.StartsWith("POP3", StringComparison.Ordinal) ? AskPop3Async(row, rights)
        : row.Command.Length == 0 ? DeliverAsync(rights)
        : AskImapAsync(row, rights);

    private static async Task<char> AskImapAsync(Row row, MailboxRights rights)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        var mailbox = await server.MailboxAsync("Work");
        await server.AppendAsync("one\r\n"u8.ToArray(), new AppendOptions { Flags = SystemFlags.Deleted }, mailbox);
        await server.AppendAsync("two\r\n"u8.ToArray(), null, await server.MailboxAsync("INBOX", "amy"));
        await (await server.MailboxAsync("Box")).SetAclAsync("amy", FlagMode.Replace, RightsText.Format(MailboxRights.All));
        await mailbox.SetAclAsync("amy", FlagMode.Replace, RightsText.Format(MailboxRights.All));
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN amy secret");
        if (row.Selects is { } selected)
        {
            await client.OkAsync($"SELECT {selected}");
        }

        await mailbox.SetAclAsync("amy", FlagMode.Replace, RightsText.Format(rights));
        var answer = await client.RunAsync(row.Command);
        return answer[^1].Contains(" NO [NOPERM] ", StringComparison.Ordinal) ? '-'
            : answer[^1].Contains(" NO [NONEXISTENT] ", StringComparison.Ordinal) || answer[^1].Contains(" NO [TRYCREATE] ", StringComparison.Ordinal) ? '0'
            : answer[^1].Contains(" NO [BADURL ", StringComparison.Ordinal) ? '0'
            : !answer[^1].Contains(" OK ", StringComparison.Ordinal) ? '?'
            : row.Name == "LIST" && answer.Count == 1 ? '0'
            : row.Name.StartsWith("NOTIFY", StringComparison.Ordinal) && !answer[0].StartsWith("* STATUS ", StringComparison.Ordinal) ? '0'
            : '+';
    }

    private static async Task<char> DeliverAsync(MailboxRights rights)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync("Work");
        await mailbox.SetAclAsync("amy", FlagMode.Replace, RightsText.Format(rights));
        // There must be a list: what is not shared takes mail from everybody.
        await mailbox.SetAclAsync("eve", FlagMode.Replace, "l");
        var delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance) { Authorization = new AclAuthorization(server.Accounts) };
        Assert.That(await PostAsync(server, delivery, "amy"), Is.EqualTo(250));
        return (await mailbox.GetInfoAsync())!.Messages == 1 ? '+'
            : (await (await server.MailboxAsync()).GetInfoAsync())!.Messages == 1 ? '0'
            : '?';
    }

    internal static async Task<int> PostAsync(ImapTestServer server, LocalDelivery delivery, string? sender, string mailbox = "Work")
    {
        var reader = System.IO.Pipelines.PipeReader.Create(new MemoryStream("mail\r\n"u8.ToArray()));
        await using var staged = await server.Accounts.StageAsync(reader, new StageHint(null, []));
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org", AuthenticatedUser = sender, AuthenticatedAccount = sender };
        var envelope = new Envelope(ReversePath.Null) { Recipients = { new Recipient(EmailAddress.Parse($"bob+{mailbox}@example.org")) } };
        var transaction = new MailTransaction(QueueId.Create(server.Time), session, envelope, server.Time.GetUtcNow());
        return (await delivery.DeliverAsync(transaction, new InboundMessage(staged.Content, staged.Summary, [new RecipientRoute.Local(new AccountId("bob"), mailbox)]), default)).Single().Code;
    }

    private static async Task<char> AskPop3Async(Row row, MailboxRights rights)
    {
        await using var server = new Pop3TestServer { Authorization = new Fixed(rights) };
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "one\r\n"u8.ToArray());
        await using var client = await server.OpenAsync();
        await client.AskAsync("USER bob");
        var answer = await client.AskAsync("PASS secret");
        if (answer.StartsWith("-ERR [SYS/PERM] There is no mail drop", StringComparison.Ordinal))
        {
            return '0';
        }

        answer = row.Command.Length == 0 ? answer : await client.AskAsync("DELE 1");
        return answer.StartsWith("+OK", StringComparison.Ordinal) ? '+' : answer.StartsWith("-ERR [SYS/PERM] ", StringComparison.Ordinal) ? '-' : '?';
    }

    private sealed record Row(string Name, string Command, string? Selects = null);

    private sealed class Fixed(MailboxRights rights) : IMailboxAuthorization
    {
        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) => ValueTask.FromResult(rights);
    }
}
