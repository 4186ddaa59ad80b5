using System.Text;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Whatever a client sends in whatever state, the server answers in IMAP, throws nothing and lets go at the end.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSessionFuzzTests
{
    private const string Marks = "(){}[]<>\"\\ *%,:+.-09azZ\r\n\0";

    private static readonly string[] States =
    [
        "", "l LOGIN bob secret\r\n", "l LOGIN bob secret\r\ns SELECT INBOX\r\n", "l LOGIN bob secret\r\ns EXAMINE INBOX\r\n", "l LOGIN bob secret\r\ni IDLE\r\n",
        "l LOGIN bob secret\r\ne ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT\r\ns SELECT INBOX (QRESYNC (1751371200 1 1:9 (1:2 1:2)))\r\n",
    ];

    private static readonly string[] Commands =
    [
        "NOOP", "CAPABILITY", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "NAMESPACE", "ID NIL", "ENABLE X", "STARTTLS", "SELECT INBOX", "EXAMINE Other",
        "LOGIN bob secret", "LOGIN {3+}\r\nbob {6+}\r\nsecret", "AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=", "AUTHENTICATE LOGIN\r\nYm9i\r\nc2VjcmV0",
        "LIST \"\" *", "LIST \"\" %", "LSUB \"\" \"*\"", "CREATE \"n&APw-w/a\"", "DELETE Other", "RENAME Other Else", "RENAME INBOX Old", "SUBSCRIBE Other", "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
        "APPEND INBOX (\\Seen kw) \"17-Jul-1996 02:44:25 -0700\" {12+}\r\nS: x\r\n\r\nbody", "APPEND Nowhere {3+}\r\nabc", "APPEND {5+}\r\nINBOX {2+}\r\nhi",
        "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% INBOX) RETURN (CHILDREN SPECIAL-USE STATUS (SIZE MAILBOXID APPENDLIMIT))", "CREATE Post (USE (\\Sent))",
        "APPEND INBOX {1+}\r\na (\\Seen) {1+}\r\nb \"17-Jul-1996 02:44:25 -0700\" ~{2+}\r\nc\0", "REPLACE 1 INBOX {3+}\r\nnew", "UID REPLACE 2 Other (\\Draft) {3+}\r\nnew", "UNAUTHENTICATE",
        "FETCH 1:* (BINARY.PEEK[1]<1.5> BINARY.SIZE[1] BINARY[] EMAILID THREADID SAVEDATE)", "SEARCH SAVEDSINCE 1-Jul-2025 NOT EMAILID x SAVEDATESUPPORTED",
        "FETCH 1:* ALL", "FETCH 1:* FULL", "UID FETCH 1:* (FLAGS BODY[] BODYSTRUCTURE)", "FETCH 1 BODY[1.MIME]", "FETCH 2 (BODY.PEEK[HEADER.FIELDS (Subject X)]<2.9> BODY.PEEK[2.1.HEADER])",
        "STORE 1:2 +FLAGS (\\Deleted \\Seen kw)", "UID STORE 1:* FLAGS.SILENT ()", "COPY 1:2 Other", "UID MOVE 1 Other", "MOVE 1:* INBOX", "UID EXPUNGE 1:3",
        "SEARCH OR FROM alice NOT SUBJECT x SINCE 1-Jul-2025", "UID SEARCH CHARSET UTF-8 TEXT {3+}\r\nfox 1:*", "SEARCH HEADER Subject \"\" LARGER 10 KEYWORD kw", "IDLE\r\nDONE", "LOGOUT", "XYZZY",
        "ENABLE CONDSTORE QRESYNC", "ENABLE IMAP4rev2 UTF8=ACCEPT", "SELECT INBOX (CONDSTORE)", "SELECT INBOX (QRESYNC (1751371200 2 1:3 (1,3 1,3)))", "EXAMINE INBOX (QRESYNC (7 1))",
        "STORE 1 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen)", "FETCH 1:* (FLAGS MODSEQ) (CHANGEDSINCE 2)", "UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
        "SEARCH RETURN (MIN MAX ALL COUNT SAVE) MODSEQ 2", "UID SEARCH RETURN () MODSEQ \"/flags/\\\\Seen\" all 2 $", "FETCH $ UID", "UIDBATCHES 500 1:2", "UID SEARCH UIDAFTER 1 UIDBEFORE 9", "UID STORE $ FLAGS (x)", "UID EXPUNGE $",
        "CREATE \"n\u00fc\"", "LIST \"\" (\"*\u00fc\" %) RETURN (STATUS (HIGHESTMODSEQ DELETED))", "APPEND INBOX UTF8 (~{9+}\r\nS: \u00fc\r\n\r\nb)",
    ];

    [Test]
    public async Task Mutated_dialogs_are_answered_in_every_state([Range(0, 5)] int state, [Range(1, 6)] int seed)
    {
        var random = new Random(seed * 10 + state);
        await using var server = new ImapTestServer();
        server.Options.MaxBadCommands = server.Options.MaxBadCommandsBeforeLogin = server.Options.MaxLoginFailures = int.MaxValue;
        await server.AddUserAsync();
        await server.MailboxAsync("Other");
        foreach (var name in new[] { "message-in-multipart", "broken-nul", "encoded-words" })
        {
            await server.AppendAsync(MessageCorpus.Get(name).ReadAll());
        }

        for (var round = 0; round < 12; round++)
        {
            var sent = Dialog(States[state], random);
            await PlayAsync(server, sent, random);
        }

        Assert.That(server.Signal.Count, Is.Zero);
    }

    private static async Task PlayAsync(ImapTestServer server, byte[] sent, Random random)
    {
        var (connection, session) = server.Connect();
        await using var client = new ImapTestClient(connection, session);
        var sending = SendAsync(connection, sent, random.Next(1, 4) == 1 ? random.Next(1, 50) : sent.Length);
        try
        {
            string? response;
            while ((response = await client.ReadResponseAsync().WaitAsync(TimeSpan.FromSeconds(60))) is not null)
            {
                Assert.That(response, Does.Match(@"^(\* |\+ |[^\s()]+ (OK|NO|BAD) )"), Text(sent));
            }

            await sending;
            await session.WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (Exception error) when (error is not (AssertionException or IOException))
        {
            Assert.Fail($"{error}\nafter {Text(sent)}");
        }
    }

    private static async Task SendAsync(MailCore.Testing.InMemoryConnection connection, byte[] sent, int piece)
    {
        try
        {
            foreach (var chunk in sent.Chunk(piece))
            {
                await connection.Client.WriteAsync(chunk);
            }
        }
        catch (IOException)
        {
            // The server had enough.
        }

        connection.FinishClientWriting();
    }

    private static byte[] Dialog(string start, Random random)
    {
        var dialog = new List<byte>(Encoding.ASCII.GetBytes(start));
        for (var count = random.Next(1, 20); count > 0; count--)
        {
            var command = Encoding.UTF8.GetBytes($"t{count} {Commands[random.Next(Commands.Length)]}\r\n").ToList();
            for (var mutations = random.Next(6) - 3; mutations > 0; mutations--)
            {
                Mutate(command, random);
            }

            dialog.AddRange(command);
        }

        return [.. dialog];
    }

    private static void Mutate(List<byte> octets, Random random)
    {
        var at = random.Next(octets.Count + 1);
        switch (random.Next(4))
        {
            case 0 when at < octets.Count:
                octets.RemoveAt(at);
                break;
            case 1 when at < octets.Count:
                octets[at] = (byte)random.Next(256);
                break;
            case 2:
                octets.Insert(at, (byte)Marks[random.Next(Marks.Length)]);
                break;
            default:
                octets.RemoveRange(at, random.Next(octets.Count - at + 1));
                break;
        }
    }

    private static string Text(byte[] octets) => MailCore.Diagnostics.LogText.Clean(Encoding.Latin1.GetString(octets));
}
