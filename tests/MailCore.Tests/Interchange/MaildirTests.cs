using MailCore.Interchange;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Interchange;

public sealed class MaildirTests : InterchangeFixture
{
    private static readonly DateTime Date = new(2024, 2, 29, 12, 30, 45, DateTimeKind.Utc);

    private string Maildir => Path.Combine(Folder, "Maildir");

    [Test]
    public async Task A_maildir_of_dovecots_keeps_uidvalidity_uids_uidnext_flags_keywords_and_dates()
    {
        Write("", "cur", "1.a.host:2,RS", "Subject: a\n\nbody\n");
        Write("", "cur", "2.b.host,S=17,W=20:2,DFPTab", "Subject: b\n\n\n");
        Write("", "new", "3.c.host", "Subject: c\n\n");
        Text("", "dovecot-uidlist", "3 V1700000000 N90 G0123456789abcdef\n7 :1.a.host\n12 W20 S17 :2.b.host,S=17,W=20\n");
        Text("", "dovecot-keywords", "0 $Label1\n1 Work\n");
        Write(".Entw&APw-rfe.2024", "cur", "4.d.host:2,", "Subject: d\n\n");
        Text(".Entw&APw-rfe.2024", "dovecot-uidlist", "1 1600000001 5\n4 4.d.host:2,S\n");
        Text("", "subscriptions", "V\t2\n\nINBOX\nEntw&APw-rfe\t2024\n");
        var anna = await OpenAsync("anna");
        var steps = new List<WorkProgress>();

        var report = await new MaildirImport(anna, Maildir).RunAsync(new Steps(steps));

        Assert.That((report.Mailboxes, report.Messages, report.Problems.Count), Is.EqualTo((2, 4, 0)));
        Assert.That(steps[^1].Done, Is.EqualTo(4));
        Assert.That(await DescribeAsync(anna), Is.EqualTo(new[]
        {
            "subscribed Entwürfe/2024",
            "subscribed INBOX",
            "Entwürfe/2024 V1600000001 N5",
            "4 None [] 2024-02-29 12:30:45Z Subject: d\r\n\r\n",
            "INBOX V1700000000 N90",
            "7 Seen, Answered [] 2024-02-29 12:30:45Z Subject: a\r\n\r\nbody\r\n",
            "12 Flagged, Deleted, Draft [$Forwarded $Label1 Work] 2024-02-29 12:30:45Z Subject: b\r\n\r\n\r\n",
            "13 None [] 2024-02-29 12:30:45Z Subject: c\r\n\r\n",
        }));
    }

    [Test]
    public async Task Keywords_that_would_break_a_clients_parser_are_left_out_and_named()
    {
        Write("", "cur", "1.x:2,abcd", "Subject: 1\n\n");
        Text("", "dovecot-keywords", "0 good\n1 two words\n2 x)(\n3 \u00e9\n");
        var anna = await OpenAsync("anna");
        var report = await new MaildirImport(anna, Maildir).RunAsync();

        Assert.That((await DescribeAsync(anna))[1], Does.StartWith("1 None [good] "));
        Assert.That(report.Problems, Has.Count.EqualTo(3).And.Some.Contains("two words"));
    }

    [Test]
    public async Task Dovecots_header_may_be_older_than_its_lines()
    {
        Write("", "cur", "1.x:2,S", "Subject: 1\n\n");
        Text("", "dovecot-uidlist", "3 V1700000000 N2\n1 :1.x\n6 :gone.x\n");
        var anna = await OpenAsync("anna");
        await new MaildirImport(anna, Maildir).RunAsync();

        Assert.That((await DescribeAsync(anna))[0], Is.EqualTo("INBOX V1700000000 N7"));
    }

    [Test]
    public async Task An_import_that_broke_off_goes_on_and_doubles_nothing()
    {
        for (var uid = 1; uid <= 5; uid++)
        {
            Write("", "cur", $"{uid}.x:2,S", $"Subject: {uid}\n\n");
        }

        Text("", "dovecot-uidlist", "3 V1700000000 N8\n1 :1.x\n2 :2.x\n4 :3.x\n5 :4.x\n7 :5.x\n");
        var anna = await OpenAsync("anna");
        using var stop = new CancellationTokenSource();
        Assert.That(
            async () => await new MaildirImport(anna, Maildir).RunAsync(new StopAt(3, stop), stop.Token), Throws.InstanceOf<OperationCanceledException>());

        await new MaildirImport(anna, Maildir).RunAsync();
        await new MaildirImport(anna, Maildir).RunAsync();

        var lines = await DescribeAsync(anna);
        Assert.That(lines.Skip(1).Select(static line => line.Split(' ')[0]), Is.EqualTo(new[] { "1", "2", "4", "5", "7" }));
        Assert.That(lines[0], Is.EqualTo("INBOX V1700000000 N8"));
    }

    [Test]
    public async Task A_mailbox_with_mail_of_its_own_is_left_alone_and_named()
    {
        Write("", "cur", "1.x:2,", "Subject: x\n\n");
        Text("", "dovecot-uidlist", "3 V1700000000 N2\n1 :1.x\n");
        var anna = await OpenAsync("anna");
        await AppendAsync(await MakeAsync(anna, "INBOX"), "Subject: own\r\n\r\n");

        var report = await new MaildirImport(anna, Maildir).RunAsync();

        Assert.That(report.Messages, Is.Zero);
        Assert.That(report.Problems.Single(), Does.Contain("INBOX").And.Contain("1700000000"));
        Assert.That(await DescribeAsync(anna), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_maildir_without_uids_gets_them_in_the_order_of_arrival()
    {
        Write("", "cur", "b:2,S", "Subject: second\n\n", Date.AddHours(1));
        Write("", "cur", "a:2,S", "Subject: third\n\n", Date.AddHours(2));
        Write("", "new", "c", "Subject: first\r\n\r\nkept as it is\nhere\r\n", Date);
        var anna = await OpenAsync("anna");

        await new MaildirImport(anna, Maildir).RunAsync();

        Assert.That((await DescribeAsync(anna)).Skip(1).Select(static line => line[(line.IndexOf('Z') + 2)..]), Is.EqualTo(new[]
        {
            "Subject: first\r\n\r\nkept as it is\nhere\r\n", "Subject: second\r\n\r\n", "Subject: third\r\n\r\n",
        }));
    }

    [Test]
    public async Task Export_and_import_give_the_same_account()
    {
        var anna = await OpenAsync("anna");
        var inbox = await MakeAsync(anna, "INBOX", 1234);
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            var body = string.Concat(Enumerable.Range(0, random.Next(3_000)).Select(_ => (char)random.Next(' ', 256)));
            var text = i % 5 == 4 ? $"Subject: {i}\r\n\r\na bare\nline end\r\r\n" : $"Subject: {i}\r\n\r\n{body}\r\n.\r\n\r\n\rx\r";
            await AppendAsync(inbox, text, (SystemFlags)random.Next(32), i % 2 == 0 ? ["$Label1", $"k{i}"] : ["$Forwarded"], new DateTimeOffset(2000 + i, 1, 2, 3, 4, 5, TimeSpan.Zero));
        }

        await inbox.RemoveAsync([new Uid(3), new Uid(20)]);
        await AppendAsync(await MakeAsync(anna, "Work/a.b & c/送信", 77), "Subject: deep\r\n\r\n", date: DateTimeOffset.UnixEpoch);
        await MakeAsync(anna, "Empty", 99);
        await anna.SubscribeAsync(MailboxName.Parse("Work/a.b & c"), on: true);
        await anna.SubscribeAsync(MailboxName.Inbox, on: true);

        var exported = await new MaildirExport(anna, Maildir).RunAsync();
        var bob = await OpenAsync("bob");
        var imported = await new MaildirImport(bob, Maildir).RunAsync();

        Assert.That((exported.Mailboxes, exported.Messages), Is.EqualTo((imported.Mailboxes, imported.Messages)).And.EqualTo((3, 19)));
        Assert.That(exported.Problems.Concat(imported.Problems), Is.Empty);
        Assert.That(await DescribeAsync(bob), Is.EqualTo(await DescribeAsync(anna)));
        Assert.That(() => new MaildirExport(anna, Maildir).RunAsync(), Throws.InstanceOf<IOException>().With.Message.Contains("not empty"));
    }

    [Test]
    public void A_folder_that_is_no_maildir_is_named() =>
        Assert.That(async () => await new MaildirImport(await OpenAsync("anna"), Folder).RunAsync(), Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains(Folder));

    [Test]
    public async Task Nonsense_in_the_files_beside_a_maildir_is_passed_over()
    {
        var random = new Random(20260101);
        for (var round = 0; round < 30; round++)
        {
            foreach (var name in new[] { "dovecot-uidlist", "dovecot-keywords", "subscriptions" })
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(200)).Select(_ => "3 V1N9:\n\t. ab\0é"[random.Next(15)]));
                Text("", name, round % 2 == 0 ? text : "3 V5 N9\n" + text);
            }

            Write("", "cur", "1.x:2,ZZz!\u00e9", "Subject: x\n\n");
            await new MaildirImport(await OpenAsync($"user{round}"), Maildir).RunAsync();
        }
    }

    private void Write(string mailbox, string part, string name, string text, DateTime? date = null)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(Maildir, mailbox, part)).FullName, name);
        Directory.CreateDirectory(Path.Combine(Maildir, "cur"));
        Directory.CreateDirectory(Path.Combine(Maildir, mailbox, "cur"));
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, date ?? Date);
    }

    private void Text(string mailbox, string name, string text) => File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Maildir, mailbox)).FullName, name), text);

    private sealed class Steps(List<WorkProgress> into) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => into.Add(value);
    }

    private sealed class StopAt(long count, CancellationTokenSource stop) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value)
        {
            if (value.Done == count)
            {
                stop.Cancel();
            }
        }
    }
}
