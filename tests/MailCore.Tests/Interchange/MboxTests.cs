using System.Text;
using MailCore.Interchange;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Interchange;

public sealed class MboxTests : InterchangeFixture
{
    private string Mbox => Path.Combine(Folder, "mbox");

    [Test]
    public async Task Messages_are_cut_at_separators_and_unquoted_and_their_status_fields_become_flags()
    {
        await File.WriteAllTextAsync(Mbox, """
            From alice@example.org Thu Feb 29 12:30:45 2024
            Subject: one
            Status: RO
            X-Status: AF
            X-Keywords: $Label1
             Work

            >From here it goes on
            >>From there, too
            from nothing

            From is not a separator in the middle of a paragraph? It is, behind a blank line.
            Subject: two

            no blank line before
            From this line, which is text

            """.ReplaceLineEndings("\n"));
        var anna = await OpenAsync("anna");
        var report = await new MboxImport(anna, Mbox, MailboxName.Parse("Old/mail")).RunAsync();

        Assert.That(report.Problems, Is.Empty);
        var lines = await DescribeAsync(anna);
        Assert.That(lines[2], Is.EqualTo(
            "1 Seen, Answered, Flagged [$Label1 Work] 2024-02-29 12:30:45Z Subject: one\r\n\r\nFrom here it goes on\r\n>From there, too\r\nfrom nothing\r\n"));
        Assert.That(lines[3], Does.StartWith("2 None []").And.EndsWith("Subject: two\r\n\r\nno blank line before\r\nFrom this line, which is text\r\n"));
        Assert.That(lines, Has.Count.EqualTo(4));
    }

    [Test]
    public async Task Uids_and_uidvalidity_are_kept_and_the_internal_message_is_left_out()
    {
        await File.WriteAllTextAsync(Mbox,
            "From MAILER-DAEMON Thu Feb 29 12:30:45 2024\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1700000000 0000000040\nStatus: RO\n\nThis text is part of the internal format.\n\n"
            + "From a@b Thu Feb 29 12:30:45 2024\nSubject: x\nX-UID: 7\n\n1\n\nFrom a@b Thu Feb  1 12:30:45 2024\nSubject: y\nX-UID: 12\nX-Status: T\n\n2\n");
        var anna = await OpenAsync("anna");
        await new MboxImport(anna, Mbox, MailboxName.Inbox).RunAsync();
        await new MboxImport(anna, Mbox, MailboxName.Inbox).RunAsync();

        Assert.That(await DescribeAsync(anna), Is.EqualTo(new[]
        {
            "INBOX V1700000000 N41", "7 None [] 2024-02-29 12:30:45Z Subject: x\r\n\r\n1\r\n", "12 Draft [] 2024-02-01 12:30:45Z Subject: y\r\n\r\n2\r\n",
        }));
    }

    [Test]
    public async Task Export_and_import_give_the_same_mailbox()
    {
        var anna = await OpenAsync("anna");
        var inbox = await MakeAsync(anna, "INBOX", 1234);
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            var body = string.Concat(Enumerable.Range(0, random.Next(200)).Select(_ => (random.Next(8) switch
            {
                0 => "",
                1 => "From me to you",
                2 => ">From me",
                3 => ">>>From me",
                4 => " From me",
                5 => new string('x', random.Next(100_000)),
                _ => "text",
            }) + "\r\n"));
            await AppendAsync(inbox, $"Subject: {i}\r\n folded\r\n\r\n{body}", (SystemFlags)random.Next(32), i % 2 == 0 ? ["$Label1", $"k{i}"] : [], new DateTimeOffset(2000 + i, 1, 2, 3, 4, 5, TimeSpan.Zero));
        }

        await inbox.RemoveAsync([new Uid(3), new Uid(20)]);
        await new MboxExport(inbox, Mbox).RunAsync();
        var bob = await OpenAsync("bob");
        var report = await new MboxImport(bob, Mbox, MailboxName.Inbox).RunAsync();

        Assert.That((report.Messages, report.Problems.Count), Is.EqualTo((18, 0)));
        Assert.That(await DescribeAsync(bob), Is.EqualTo(await DescribeAsync(anna)));
        Assert.That(() => new MboxExport(inbox, Mbox).RunAsync(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_file_that_is_no_mbox_is_named()
    {
        await File.WriteAllTextAsync(Mbox, "Subject: x\n\n");
        Assert.That(async () => await new MboxImport(await OpenAsync("anna"), Mbox, MailboxName.Inbox).RunAsync(), Throws.TypeOf<InvalidDataException>().With.Message.Contains(Mbox));
    }

    [Test]
    public async Task Any_octets_behind_a_separator_are_taken()
    {
        var random = new Random(20260101);
        for (var round = 0; round < 30; round++)
        {
            var text = "From a\n" + string.Concat(Enumerable.Range(0, random.Next(400)).Select(_ => "From >X-UID:\n\r 19\0é"[random.Next(18)]));
            await File.WriteAllBytesAsync(Mbox, Encoding.Latin1.GetBytes(text));
            await new MboxImport(await OpenAsync($"user{round}"), Mbox, MailboxName.Inbox).RunAsync();
        }
    }
}
