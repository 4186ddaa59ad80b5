using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

public class DeliveryNotifierTests
{
    private const string Original = "Message-ID: <m1@example.com>\r\nSubject: hello\r\n\r\nbody\r\n";

    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly SmtpReply NoUser = new(550, "5.1.1", "No such user");
    private static readonly EmailAddress Postmaster = EmailAddress.Parse("postmaster@mx.example.org");

    [Test]
    public async Task RFC3464_a_failure_is_told_with_the_remote_reply_and_the_header()
    {
        var bob = new Recipient(EmailAddress.Parse("bob@example.net")) { Original = new OriginalRecipient("rfc822", "robert@example.net") };
        var text = await TextAsync(Envelope(id: "env 1"), Event(bob, RecipientAction.Failed, NoUser) with { RemoteName = "mx.example.net", LastAttempt = Now });

        Assert.That(text, Does.StartWith("From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\nTo: <alice@example.com>\r\nSubject: Undelivered mail returned to sender\r\n"));
        Assert.That(text, Does.Contain("Auto-Submitted: auto-replied\r\n").And.Contain("References: <m1@example.com>\r\n").And.Contain("Message-ID: <N1@mx.example.org>\r\n"));
        Assert.That(text, Does.Contain("Content-Type: multipart/report; report-type=delivery-status;\r\n"));
        Assert.That(text, Does.Contain("\r\n  <bob@example.net>\r\n    mx.example.net said:\r\n    550 5.1.1 No such user\r\n"));
        Assert.That(text, Does.Contain(
            "Content-Type: message/delivery-status\r\n\r\n"
            + "Original-Envelope-Id: env 1\r\nReporting-MTA: dns; mx.example.org\r\nArrival-Date: Fri, 27 Nov 2026 11:00:00 +0000\r\n\r\n"
            + "Original-Recipient: rfc822; robert@example.net\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            + "Remote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\nLast-Attempt-Date: Fri, 27 Nov 2026 12:00:00 +0000\r\n\r\n--"));
        Assert.That(text, Does.Contain("Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <m1@example.com>\r\nSubject: hello\r\n\r\n--"));
        Assert.That(text, Does.Not.Contain("body\r\n").And.EndWith("--\r\n"));
    }

    [Test]
    public async Task The_notification_goes_from_the_null_sender_to_the_sender()
    {
        await using var made = await MakeAsync(Envelope(), Event("bob@example.net", RecipientAction.Failed, NoUser));

        Assert.That(made!.Envelope.From.IsNull);
        Assert.That(made.Envelope.Recipients.Single().Address.ToString(), Is.EqualTo("alice@example.com"));
        Assert.That(made.Envelope.SmtpUtf8, Is.False);
    }

    [TestCase(ReportContent.Full, nameof(RecipientAction.Failed), "message/rfc822")]
    [TestCase(ReportContent.Headers, nameof(RecipientAction.Failed), "text/rfc822-headers")]
    [TestCase(ReportContent.Unspecified, nameof(RecipientAction.Failed), "text/rfc822-headers")]
    [TestCase(ReportContent.Full, nameof(RecipientAction.Delayed), "text/rfc822-headers", Description = "RFC 3461 4.3: RET is about failures")]
    [TestCase(ReportContent.Full, nameof(RecipientAction.Relayed), "text/rfc822-headers")]
    public async Task RET_says_how_much_is_returned(ReportContent wish, string action, string type)
    {
        var bob = new Recipient(EmailAddress.Parse("bob@example.net")) { Notify = ReportEvents.Success | ReportEvents.Failure | ReportEvents.Delay };
        var text = await TextAsync(Envelope(wish), Event(bob, Enum.Parse<RecipientAction>(action), NoUser));

        Assert.That(text, Does.Contain($"Content-Type: {type}\r\n"));
        Assert.That(text.Contains("\r\n\r\nbody\r\n\r\n--", StringComparison.Ordinal), Is.EqualTo(type == "message/rfc822"));
    }

    [TestCase(nameof(RecipientAction.Failed), ReportEvents.Unspecified, true)]
    [TestCase(nameof(RecipientAction.Failed), ReportEvents.Failure, true)]
    [TestCase(nameof(RecipientAction.Failed), ReportEvents.Success | ReportEvents.Delay, false)]
    [TestCase(nameof(RecipientAction.Failed), ReportEvents.Never, false)]
    [TestCase(nameof(RecipientAction.Delayed), ReportEvents.Unspecified, true)]
    [TestCase(nameof(RecipientAction.Delayed), ReportEvents.Delay, true)]
    [TestCase(nameof(RecipientAction.Delayed), ReportEvents.Failure, false)]
    [TestCase(nameof(RecipientAction.Delivered), ReportEvents.Unspecified, false)]
    [TestCase(nameof(RecipientAction.Delivered), ReportEvents.Success, true)]
    [TestCase(nameof(RecipientAction.Relayed), ReportEvents.Success | ReportEvents.Failure, true)]
    [TestCase(nameof(RecipientAction.Relayed), ReportEvents.Failure, false)]
    [TestCase(nameof(RecipientAction.Expanded), ReportEvents.Success, true)]
    [TestCase(nameof(RecipientAction.Expanded), ReportEvents.Never, false)]
    public async Task NOTIFY_says_what_is_told(string action, ReportEvents notify, bool isTold)
    {
        var bob = new Recipient(EmailAddress.Parse("bob@example.net")) { Notify = notify };

        await using var made = await MakeAsync(Envelope(), Event(bob, Enum.Parse<RecipientAction>(action), SmtpReply.Ok));

        Assert.That(made is not null, Is.EqualTo(isTold));
    }

    [TestCase(nameof(RecipientAction.Failed), "5.1.1", "failed", "Undelivered")]
    [TestCase(nameof(RecipientAction.Delayed), "4.1.1", "delayed", "Delayed")]
    [TestCase(nameof(RecipientAction.Delivered), "2.0.0", "delivered", "Successful")]
    [TestCase(nameof(RecipientAction.Relayed), "2.0.0", "relayed", "Successful")]
    [TestCase(nameof(RecipientAction.Expanded), "2.0.0", "expanded", "Successful")]
    public async Task The_status_fits_the_action_whatever_the_reply(string action, string status, string field, string subject)
    {
        var bob = new Recipient(EmailAddress.Parse("bob@example.net")) { Notify = ReportEvents.Success | ReportEvents.Failure | ReportEvents.Delay };
        var text = await TextAsync(Envelope(), Event(bob, Enum.Parse<RecipientAction>(action), NoUser) with { RetryUntil = Now.AddDays(5) });

        Assert.That(text, Does.Contain($"Action: {field}\r\nStatus: {status}\r\n").And.Contain($"Subject: {subject}"));
        Assert.That(text.Contains("Will-Retry-Until: Wed, 02 Dec 2026 12:00:00 +0000\r\n", StringComparison.Ordinal), Is.EqualTo(field == "delayed"));
    }

    [Test]
    public async Task Only_those_are_named_of_whom_the_sender_wants_to_hear()
    {
        var quiet = new Recipient(EmailAddress.Parse("quiet@example.net")) { Notify = ReportEvents.Never };
        var text = await TextAsync(Envelope(), Event(quiet, RecipientAction.Failed, NoUser), Event("bob@example.net", RecipientAction.Failed, NoUser));

        Assert.That(text, Does.Contain("bob@example.net").And.Not.Contain("quiet"));
    }

    [Test]
    public async Task RFC2852_a_trace_asks_for_relayed()
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { DeliverBy = new DeliverBy(Now, DeadlineAction.Notify, IsTraced: true) };

        await using var made = await MakeAsync(envelope, Event("bob@example.net", RecipientAction.Relayed, SmtpReply.Ok));

        Assert.That(made, Is.Not.Null);
    }

    [TestCase(nameof(RecipientAction.Failed), true, true)]
    [TestCase(nameof(RecipientAction.Failed), false, false)]
    [TestCase(nameof(RecipientAction.Delayed), true, false)]
    public async Task The_null_sender_is_never_told_and_the_postmaster_of_failures_by_option(string action, bool hasPostmaster, bool isTold)
    {
        await using var made = await MakeAsync(
            new Envelope(ReversePath.Null), new NotificationOptions { DoubleBouncesTo = hasPostmaster ? Postmaster : null }, Event("bob@example.net", Enum.Parse<RecipientAction>(action), NoUser));

        Assert.That(made?.Envelope.Recipients.Single().Address, Is.EqualTo(isTold ? Postmaster : null));
    }

    [Test]
    public async Task What_fails_on_its_way_to_the_postmaster_ends_there()
    {
        var options = new NotificationOptions { DoubleBouncesTo = Postmaster };
        await using var first = await MakeAsync(new Envelope(ReversePath.Null), options, Event("bob@example.net", RecipientAction.Failed, NoUser));

        await using var second = await MakeAsync(first!.Envelope, options, Event(first.Envelope.Recipients[0], RecipientAction.Failed, NoUser));

        Assert.That(second, Is.Null);
    }

    [Test]
    public async Task RFC6533_who_sent_with_SMTPUTF8_reads_UTF8()
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("j\u00fcrgen@example.com"))) { SmtpUtf8 = true, Return = ReportContent.Full, Body = BodyType.EightBitMime };
        var bob = new Recipient(EmailAddress.Parse("b\u00f6b@example.net")) { Original = new OriginalRecipient("utf-8", "b\u00f6b@example.net") };
        await using var made = await MakeAsync(envelope, default, "Subject: \u00e4\r\n\r\nb\r\n", Event(bob, RecipientAction.Failed, new SmtpReply(550, "5.1.1", "k\u00e4ltere Tage")));
        var text = await ReadAsync(made!);

        Assert.That(made!.Envelope, Has.Property("SmtpUtf8").True.And.Property("Body").EqualTo(BodyType.EightBitMime));
        Assert.That(text, Does.Contain("report-type=global-delivery-status;").And.Contain("message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n"));
        Assert.That(text, Does.Contain("Original-Recipient: utf-8; b\u00f6b@example.net\r\nFinal-Recipient: utf-8; b\u00f6b@example.net\r\n").And.Contain("k\u00e4ltere"));
        Assert.That(text, Does.Contain("Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: \u00e4\r\n\r\nb\r\n"));
    }

    [Test]
    public async Task Others_get_ASCII()
    {
        var bob = new Recipient(EmailAddress.Parse("bob@example.net")) { Original = new OriginalRecipient("utf-8", "b\u00f6b@example.net") };
        await using var made = await MakeAsync(Envelope(), default, Original, Event(bob, RecipientAction.Failed, new SmtpReply(550, "5.1.1", "k\u00e4lter")));
        var text = await ReadAsync(made!);

        Assert.That(made!.Envelope.Body, Is.EqualTo(BodyType.SevenBit));
        Assert.That(Ascii.IsValid(text));
        Assert.That(text, Does.Contain("utf-8; b\\x{F6}b@example.net").And.Contain("k\\x{E4}lter"));
    }

    [Test]
    public async Task An_8_bit_message_is_returned_as_8_bit()
    {
        await using var made = await MakeAsync(Envelope(ReportContent.Full), default, "Subject: x\r\n\r\n\u00e9\r\n", Event("bob@example.net", RecipientAction.Failed, NoUser));

        Assert.That(made!.Envelope.Body, Is.EqualTo(BodyType.EightBitMime));
        Assert.That(await ReadAsync(made), Does.Contain("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: x\r\n"));
    }

    [Test]
    public async Task RFC8689_of_a_message_with_REQUIRETLS_the_text_does_not_come_back_and_the_wish_goes_on()
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { RequireTls = true, Return = ReportContent.Full };
        await using var made = await MakeAsync(envelope, default, Original, Event("bob@example.net", RecipientAction.Failed, NoUser));

        Assert.That(made!.Envelope.RequireTls);
        Assert.That(await ReadAsync(made), Does.Contain("text/rfc822-headers").And.Not.Contain("\r\n\r\nbody"));
    }

    [TestCase(60, ExpectedResult = true)]
    [TestCase(59, ExpectedResult = false)]
    public async Task<bool> A_message_over_the_limit_is_not_returned_whole(int limit)
    {
        var message = Original + new string('x', 60 - Original.Length);
        await using var made = await MakeAsync(Envelope(ReportContent.Full), new NotificationOptions { MaxReturnedMessage = limit }, message, Event("bob@example.net", RecipientAction.Failed, NoUser));
        return (await ReadAsync(made!)).Contains("message/rfc822", StringComparison.Ordinal);
    }

    [TestCase(16, "A: 1\r\nB: 22222\r\n")]
    [TestCase(15, "A: 1\r\n")]
    [TestCase(5, "")]
    public async Task A_header_over_the_limit_is_cut_after_a_whole_line(int limit, string expected)
    {
        await using var made = await MakeAsync(Envelope(), new NotificationOptions { MaxReturnedHeader = limit }, "A: 1\r\nB: 22222\r\n\r\nbody", Event("bob@example.net", RecipientAction.Failed, NoUser));

        Assert.That(await ReadAsync(made!), Does.Contain("text/rfc822-headers\r\n\r\n" + expected + "\r\n--"));
    }

    [Test]
    public async Task A_large_message_is_returned_without_being_held()
    {
        const int Size = 16 * 1024 * 1024;
        await using var made = await DeliveryNotifier.MakeAsync(
            Report(Envelope(ReportContent.Full), Event("bob@example.net", RecipientAction.Failed, NoUser)), new MessageContent("Subject: x\r\n\r\n"u8.ToArray(), new Endless(Size)), "N1", new NotificationOptions(), Now);
        var before = GC.GetTotalAllocatedBytes();
        var buffer = new byte[16 * 1024];
        var read = 0L;
        for (int count; (count = await made!.Content.ReadAsync(read, buffer)) > 0; read += count)
        {
        }

        Assert.That(read, Is.EqualTo(made!.Content.Length).And.GreaterThan(Size));
        Assert.That(GC.GetTotalAllocatedBytes() - before, Is.LessThan(Size / 4));
    }

    [TestCase(2_000, false)]
    [TestCase(2_001, true)]
    public async Task A_reply_is_quoted_up_to_a_limit(int length, bool isCut)
    {
        var text = await TextAsync(Envelope(), Event("bob@example.net", RecipientAction.Failed, new SmtpReply(550, (EnhancedStatusCode?)null, new string('x', length - 4))));

        Assert.That(text.Contains("...", StringComparison.Ordinal), Is.EqualTo(isCut));
    }

    [Test]
    public async Task A_long_reply_is_folded_between_words()
    {
        var reply = new SmtpReply(451, "4.4.1", "Not delivered in time. The last answer was: can't connect to 127.0.0.1:35095: Connection refused, and so on and so forth");
        var text = await TextAsync(Envelope(), Event("bob@example.net", RecipientAction.Failed, reply));

        Assert.That(text.Replace("\r\n ", " ", StringComparison.Ordinal), Does.Contain("Diagnostic-Code: X-MailCore; " + reply));
        Assert.That(text.Split("\r\n").Max(static line => line.Length), Is.LessThanOrEqualTo(78));
    }

    [Test]
    public async Task Random_replies_and_headers_make_well_formed_notifications()
    {
        var random = new Random(3464);
        string[] pieces = ["x", " ", "\r\n", "\n", "\r", "\t", "--", ":", "Message-ID: <", ">", "\u00e9", "\0", new string('w', 300), ".", "\ud83d\ude00", "Status: 2.0.0"];
        string Any(int max) => string.Concat(Enumerable.Range(0, random.Next(max)).Select(_ => pieces[random.Next(pieces.Length)]));
        for (var round = 0; round < 500; round++)
        {
            var bob = new Recipient(EmailAddress.Parse("bob@example.net"));
            var one = Event(bob, RecipientAction.Failed, new SmtpReply(550, random.Next(2) == 0 ? new EnhancedStatusCode(5, 1, 1) : null, Any(20))) with { RemoteName = "mx" + Any(3) };
            await using var made = await MakeAsync(Envelope(random.Next(2) == 0 ? ReportContent.Full : ReportContent.Headers), default, Any(30), one);
            var text = await ReadAsync(made!);

            var boundary = "--" + text.Split("boundary=\"")[1].Split('"')[0];
            var parts = text.Split("\r\n" + boundary);
            Assert.That(parts, Has.Length.EqualTo(5), "header, three parts, end");
            Assert.That(parts[2].Split("\r\n").All(static line => line.Length <= 998 && !line.AsSpan().ContainsAny('\r', '\n', '\0')), "one line stays one line");
            var fields = parts[2].Split("\r\n\r\n");
            Assert.That(fields, Has.Length.EqualTo(3), "the part's header, the message's fields, the recipient's");
            Assert.That(fields[2].Split("\r\n").Count(static line => line.StartsWith("Status:", StringComparison.Ordinal)), Is.EqualTo(1));
        }
    }

    private static Envelope Envelope(ReportContent wish = ReportContent.Unspecified, string? id = null) =>
        new(new ReversePath(EmailAddress.Parse("alice@example.com"))) { Return = wish, EnvelopeId = id };

    private static RecipientEvent Event(string address, RecipientAction action, SmtpReply reply) => Event(new Recipient(EmailAddress.Parse(address)), action, reply);

    private static RecipientEvent Event(Recipient recipient, RecipientAction action, SmtpReply reply) => new(recipient, action, reply);

    private static DeliveryReport Report(Envelope envelope, params RecipientEvent[] events) =>
        new() { ServerName = "mx.example.org", QueueId = "Q1", Envelope = envelope, AcceptedAt = Now.AddHours(-1), Events = events };

    private static ValueTask<DeliveryNotification?> MakeAsync(Envelope envelope, params RecipientEvent[] events) => MakeAsync(envelope, null, events);

    private static ValueTask<DeliveryNotification?> MakeAsync(Envelope envelope, NotificationOptions? options, params RecipientEvent[] events) =>
        MakeAsync(envelope, options, Original, events);

    private static ValueTask<DeliveryNotification?> MakeAsync(Envelope envelope, NotificationOptions? options, string message, params RecipientEvent[] events) =>
        DeliveryNotifier.MakeAsync(
            Report(envelope, events), new MessageContent(default, BufferedContent.Reader(Encoding.UTF8.GetBytes(message))), "N1", options ?? new NotificationOptions(), Now);

    private static async Task<string> TextAsync(Envelope envelope, params RecipientEvent[] events)
    {
        await using var made = await MakeAsync(envelope, events);
        return await ReadAsync(made!);
    }

    private static async Task<string> ReadAsync(DeliveryNotification made)
    {
        using var reader = new StreamReader(made.Content.AsStream(), Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private sealed class Endless(long length) : IContentReader
    {
        public long Length => length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            var count = (int)Math.Min(into.Length, length - offset);
            into.Span[..Math.Max(count, 0)].Fill((byte)'x');
            return ValueTask.FromResult(Math.Max(count, 0));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
