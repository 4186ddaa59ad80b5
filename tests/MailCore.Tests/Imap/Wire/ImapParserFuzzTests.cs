using System.Text;
using MailCore.Imap;
using MailCore.Imap.Append;
using MailCore.Imap.Commands;
using MailCore.Imap.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

/// <summary>Every command's parser over mutated commands: none throws, none reads past the end, and a failure says where.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapParserFuzzTests
{
    private const string Marks = "(){}[]<>\"\\ *%,:+.-09azZ\r\n\0";

    private static readonly (ImapCommandParser Parse, string Arguments)[] Parsers =
    [
        (LoginCommand.Parse, " bob \"se\\\"cret\""),
        (LoginCommand.Parse, " {3}\r\nbob {2+}\r\nxy"),
        (AuthenticateCommand.Parse, " PLAIN AGJvYgBzZWNyZXQ="),
        (SelectCommand.Parse, " \"Entw&APw-rfe\""),
        (CreateCommand.Parse, " Work/"),
        (RenameCommand.Parse, " a \"b c\""),
        (ListCommand.Parse, " \"\" Work/%*"),
        (ListCommand.Parse, " (SUBSCRIBED RECURSIVEMATCH) \"\" (% \"a b\" {1}\r\nx) RETURN (CHILDREN STATUS (SIZE MAILBOXID) SPECIAL-USE)"),
        (LsubCommand.Parse, " a %"),
        (CreateCommand.Parse, " Post (USE (\\Sent \\Junk))"),
        (CompressCommand.Parse, " DEFLATE"),
        (ReplaceCommand.ParseUid, " 7 INBOX (\\Draft) "),
        (FetchCommand.Parse, " 1 (BINARY.PEEK[1.2]<3.4> BINARY.SIZE[] BINARY[2] EMAILID SAVEDATE)"),
        (SearchCommand.Parse, " SAVEDON 1-Jul-2025 EMAILID m1 THREADID t SAVEDATESUPPORTED"),
        (StatusCommand.Parse, " INBOX (MESSAGES UIDNEXT UNSEEN)"),
        (AppendCommand.Parse, " INBOX (\\Seen $x) \"17-Jul-1996 02:44:25 -0700\" "),
        (FetchCommand.Parse, " 1:3,*,7 (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From \"To\")]<0.100> ENVELOPE)"),
        (FetchCommand.ParseUid, " 5:* ALL"),
        (StoreCommand.Parse, " 1:* +FLAGS.SILENT (\\Deleted kw)"),
        (SearchCommand.Parse, " CHARSET UTF-8 OR (FROM \"a\" NOT SEEN) UID 1:5 SENTSINCE 1-Jul-2025 HEADER X {2}\r\nab"),
        (SearchCommand.Parse, " RETURN (PARTIAL -1:-10 COUNT SAVE UPDATE CONTEXT) OLDER 60 (YOUNGER 7 FILTER a)"),
        (FetchCommand.ParseUid, " 1:* FLAGS (PARTIAL 3:1 CHANGEDSINCE 5)"),
        (SearchCommand.Parse, " RETURN (RELEVANCY ALL) FUZZY (TEXT \"a b\" FUZZY FROM c)"),
        (EsearchCommand.Parse, " IN (selected mailboxes (a \"b c\") subtree-one {1}\r\nd personal) RETURN (COUNT) 1:5 $"),
        (CancelUpdateCommand.Parse, " \"a\" {1}\r\nb"),
        (SortCommand.ParseUid, " RETURN (MIN PARTIAL 1:5 COUNT) (REVERSE DATE DISPLAYFROM SUBJECT) UTF-8 OR SEEN (FROM {1}\r\na) 1:5"),
        (ThreadCommand.Parse, " REFERENCES UTF-8 SINCE 1-Jul-2025 $"),
        (FetchCommand.Parse, " 1:* (PREVIEW (LAZY) UID PREVIEW)"),
        (CopyCommand.ParseUidMove, " 1,2 Archive"),
        (IdCommand.Parse, " (\"name\" NIL \"x\" {1}\r\ny)"),
        (EnableCommand.Parse, " CONDSTORE QRESYNC"),
        (ExpungeCommand.ParseUid, " 1:9"),
        (NotifyCommand.Parse, " SET STATUS (selected-delayed (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge FlagChange)) (subtree (a \"b c\") NONE) (mailboxes {1}\r\nx (MailboxName))"),
        (NotifyCommand.Parse, " NONE"),
        (SearchCommand.Parse, " RETURN (COUNT UPDATE (UID BODY[HEADER.FIELDS (TO FROM)]) PARTIAL 1:5) FROM boss"),
        (AppendCommand.Parse, " Work (\\Draft) CATENATE (URL \"/INBOX;UIDVALIDITY=7/;UID=1/;SECTION=1.MIME\" URL ;UID=2) (\\Seen) \"17-Jul-1996 02:44:25 -0700\" CATENATE (URL a TEXT "),
        (GetQuotaCommand.Parse, " \"#user/alice\""),
        (GetQuotaRootCommand.Parse, " INBOX"),
        (SetQuotaCommand.Parse, " bob (STORAGE 512 MESSAGE 9223372036854775807)"),
        (GetMetadataCommand.Parse, " (MAXSIZE 1024 DEPTH infinity) \"a b\" (/shared/comment \"/private\")"),
        (GetMetadataCommand.Parse, " \"\" (DEPTH 1) /private/x"),
        (SetMetadataCommand.Parse, " {1}\r\na (/private/x NIL /shared/y ~{2+}\r\n\0\0 /private/z \"v\")"),
        (SetAclCommand.Parse, " \"Other Users/bob/Work\" {3}\r\namy +lrswikxtepacd"),
        (SetAclCommand.Parse, " Work \"-$sales team\" \"\""),
        (LanguageCommand.Parse, " de {2}\r\nen \"i-default\""),
        (SetAclCommand.ParseDelete, " Work anyone"),
        (GetAclCommand.Parse, " {4}\r\nWork"),
        (ListRightsCommand.Parse, " Work -amy"),
        (MyRightsCommand.Parse, " \"Other Users/bob/Work\""),
        (ListCommand.Parse, " \"\" * RETURN (MYRIGHTS STATUS (MESSAGES) MYRIGHTS)"),
        (ListCommand.Parse, " \"\" * RETURN (METADATA (/shared/comment /private/a) CHILDREN)"),
    ];

    [Test]
    public void Mutated_commands_parse_or_fail_with_a_position([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 4_000; round++)
        {
            var (parse, arguments) = Parsers[random.Next(Parsers.Length)];
            var octets = Mutate(Encoding.ASCII.GetBytes(arguments), random);
            var reader = new ImapReader(octets, random.Next(4));
            var command = parse(ref reader);
            if (!reader.Failed)
            {
                Assert.That(reader.AtEnd, Is.True, Encoding.Latin1.GetString(octets));
                Assert.That(command, Is.Not.Null);
            }
            else if (reader.ErrorPosition < 1 || reader.ErrorPosition > octets.Length + 1)
            {
                Assert.Fail($"Position {reader.ErrorPosition} in {Encoding.Latin1.GetString(octets)}");
            }
        }
    }

    [Test]
    public void The_unmutated_ones_parse()
    {
        foreach (var (parse, arguments) in Parsers)
        {
            var reader = new ImapReader(Encoding.ASCII.GetBytes(arguments), 50);
            parse(ref reader);
            Assert.That(reader.Error, Is.Null, arguments);
        }
    }

    [Test]
    public void Mutated_urls_are_understood_or_not_and_can_be_told_back([Range(1, 4)] int seed)
    {
        string[] urls =
        [
            "/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9", ";UID=20/;SECTION=HEADER.FIELDS%20(From%20To)/;PARTIAL=0.1024",
            "/Dr%C3%BCcken/a%2Fb/;UID=4294967295/;PARTIAL=7", "imap://bob@host/INBOX/;UID=1",
        ];
        var random = new Random(seed);
        for (var round = 0; round < 4_000; round++)
        {
            var octets = Mutate(Encoding.ASCII.GetBytes(urls[random.Next(urls.Length)]), random);
            if (ImapUrl.Parse(octets) is { } url)
            {
                Assert.That(url.Uid.Value, Is.Not.Zero);
                Assert.That(url.Section.Kind, Is.EqualTo(FetchKind.Section));
            }

            Assert.That(ImapUrl.ToResponseText(octets), Does.Match("^[!-~]*$").And.Not.Contain("]"));
        }
    }

    [Test]
    public void Mutated_ends_of_appends_parse_or_fail([Range(1, 4)] int seed)
    {
        (string Text, LiteralUse After)[] tails =
        [
            ("", LiteralUse.Message), (" (\\Seen) CATENATE (TEXT ", LiteralUse.Message), (" URL \"/a/;UID=1\" TEXT ", LiteralUse.Part), (")", LiteralUse.Part),
            (" TEXT ", LiteralUse.Url), (") CATENATE (URL x)", LiteralUse.Url), (") (kw) ", LiteralUse.Part),
        ];
        var random = new Random(seed);
        foreach (var (text, after) in tails)
        {
            var reader = new ImapReader(Encoding.ASCII.GetBytes(text), 1);
            AppendStretch.ReadNext(ref reader, after, new MessageArguments(FlagList.Empty, null));
            reader.End();
            Assert.That(reader.Error, Is.Null, text);
            for (var round = 0; round < 1_000; round++)
            {
                reader = new ImapReader(Mutate(Encoding.ASCII.GetBytes(text), random), 1);
                var stretch = AppendStretch.ReadNext(ref reader, after, new MessageArguments(FlagList.Empty, null));
                // What is to be fetched has somewhere to go.
                Assert.That(reader.Failed || stretch.Next != LiteralUse.None || stretch.Steps is [] or [.., AppendStep.End]);
            }
        }
    }

    private static byte[] Mutate(byte[] octets, Random random)
    {
        var list = octets.ToList();
        for (var count = random.Next(4); count > 0; count--)
        {
            var at = random.Next(list.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < list.Count:
                    list.RemoveAt(at);
                    break;
                case 1 when at < list.Count:
                    list[at] = (byte)random.Next(256);
                    break;
                case 2:
                    list.Insert(at, (byte)Marks[random.Next(Marks.Length)]);
                    break;
                default:
                    list.RemoveRange(at, list.Count - at);
                    break;
            }
        }

        return [.. list];
    }
}
