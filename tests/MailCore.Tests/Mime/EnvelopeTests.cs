using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class EnvelopeTests
{
    [Test]
    public void Fields_are_unfolded_and_otherwise_as_written()
    {
        var envelope = Envelope("plain");
        Assert.That(Summaries.Text(envelope.Date), Is.EqualTo("Tue, 04 Mar 2025 09:15:00 +0100"));
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("Lunch on Thursday"));
        Assert.That(Summaries.Text(envelope.MessageId), Is.EqualTo("<plain.1@example.org>"));
        Assert.That(Summaries.Text(envelope.InReplyTo), Is.EqualTo("<earlier.9@example.net>"));
        Assert.That(Summaries.Text(envelope.References), Is.EqualTo("<first.8@example.net> <earlier.9@example.net>"));
        Assert.That(Summaries.Text(envelope.From), Is.EqualTo("(\"Alice Example\" NIL \"alice\" \"example.org\")"));
        Assert.That(Summaries.Text(envelope.To), Is.EqualTo("(\"Bob\" NIL \"bob\" \"example.net\") (NIL NIL \"carol\" \"example.net\")"));
        Assert.That(Summaries.Text(envelope.Cc), Is.EqualTo("(\"Dan D. Example\" NIL \"dan\" \"example.net\")"));
        Assert.That(envelope.Bcc, Is.Empty);
        Assert.That(envelope.SentDate, Is.EqualTo(new DateTimeOffset(2025, 3, 4, 9, 15, 0, TimeSpan.FromHours(1))));
    }

    [Test]
    public void Sender_and_reply_to_come_from_from_when_absent_or_empty()
    {
        var plain = Envelope("plain");
        Assert.That(plain.Sender, Is.SameAs(plain.From));
        Assert.That(plain.ReplyTo, Is.SameAs(plain.From));
        var empty = Summaries.Of("From: a@b\r\nReply-To:\r\nSender: c@d\r\n\r\n").Envelope;
        Assert.That(empty.ReplyTo, Is.SameAs(empty.From));
        Assert.That(Summaries.Text(empty.Sender), Is.EqualTo("(NIL NIL \"c\" \"d\")"));
    }

    [Test]
    public void An_absent_field_is_null_and_an_empty_one_is_empty()
    {
        var envelope = Summaries.Of("Subject:\r\nDate: \r\n \r\n\r\n").Envelope;
        Assert.That(Summaries.Text(envelope.Subject), Is.Empty);
        Assert.That(Summaries.Text(envelope.Date), Is.Empty);
        Assert.That(envelope.MessageId, Is.Null);
        Assert.That(envelope.InReplyTo, Is.Null);
        Assert.That(envelope.References, Is.Null);
        Assert.That(envelope.From, Is.Empty);
        Assert.That(Summaries.Of("").Envelope.Subject, Is.Null);
    }

    [Test]
    public void Groups_routes_comments_and_obsolete_addresses_take_the_form_of_imap()
    {
        var envelope = Envelope("groups-and-routes");
        Assert.That(Summaries.Text(envelope.From), Is.EqualTo("(\"Pete\" NIL \"pete\" \"silly.test\")"));
        Assert.That(Summaries.Text(envelope.Sender), Is.EqualTo("(NIL \"@relay.example.org,@mx.example.net\" \"joe\" \"where.test\")"));
        Assert.That(envelope.ReplyTo, Is.SameAs(envelope.From));
        Assert.That(envelope.To.Select(entry => Summaries.Text([entry])), Is.EqualTo(new[]
        {
            "(NIL NIL \"A Group\" NIL)",
            "(\"Ed Jones\" NIL \"ed\" \"a.test\")",
            "(NIL NIL \"joe\" \"where.test\")",
            "(\"John\" NIL \"jdoe\" \"one.test\")",
            "(NIL NIL NIL NIL)",
            "(NIL NIL \"Undisclosed recipients\" NIL)",
            "(NIL NIL NIL NIL)",
            "(\"Joe \"Q.\" Public\" NIL \"john.q.public\" \"example.com\")",
            "(NIL NIL \"quoted local\" \"example.com\")",
            "(NIL NIL \"mailer-daemon\" \"\")",
            "(\"Last One\" NIL \"last\" \"example.com\")",
        }));
        Assert.That(envelope.Cc.Select(entry => Summaries.Text([entry])), Is.EqualTo(new[]
        {
            "(\"broken\" NIL \"unclosed\" \"example.com\")",
            "(NIL NIL \"next\" \"[192.0.2.1]\")",
            "(NIL NIL \"Joe.Dot\" \"example.com\")",
        }));
        Assert.That(Summaries.Text(envelope.Bcc), Is.EqualTo("(NIL NIL \"undisclosed-recipients\" NIL) (NIL NIL NIL NIL)"));
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("(not a comment) in a subject"));
        Assert.That(envelope.SentDate, Is.EqualTo(new DateTimeOffset(1997, 11, 21, 9, 55, 6, TimeSpan.Zero)));
    }

    [Test]
    public void The_first_of_two_subjects_counts_but_all_addresses_do()
    {
        var envelope = Envelope("duplicate-headers");
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("first subject"));
        Assert.That(Summaries.Text(envelope.Date), Does.StartWith("Fri, 7 Mar"));
        Assert.That(Summaries.Text(envelope.From), Is.EqualTo("(NIL NIL \"a\" \"example.org\") (NIL NIL \"b\" \"example.org\")"));
        Assert.That(Summaries.Text(envelope.To), Is.EqualTo("(NIL NIL \"c\" \"example.org\") (NIL NIL \"d\" \"example.org\")"));
    }

    [Test]
    public void Folding_is_undone_and_only_that()
    {
        var envelope = Envelope("folding");
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("folded\twith a tab  and two spaces"));
        Assert.That(Summaries.Text(envelope.From), Is.EqualTo("(NIL NIL \"alice\" \"example.org\")"));
        Assert.That(Summaries.Text(envelope.To), Is.EqualTo("(NIL NIL \"bob\" \"example.net\")"));
    }

    [Test]
    public void SMTPUTF8_addresses_survive_octet_for_octet()
    {
        var envelope = Envelope("smtputf8");
        Assert.That(Summaries.Text(envelope.From), Is.EqualTo("(\"Jörg Müller\" NIL \"jörg\" \"exämple.org\")"));
        Assert.That(Summaries.Text(envelope.To), Is.EqualTo("(\"用户, 例子\" NIL \"用户\" \"例子.广告\")"));
        Assert.That(Summaries.Text(envelope.Cc), Is.EqualTo("(NIL NIL \"δοκιμή\" \"παράδειγμα.gr\")"));
        Assert.That(envelope.DecodedSubject, Is.EqualTo("Über die Straße – 你好 🐟"));
        Assert.That(envelope.Subject!.Value.ToArray(), Is.EqualTo(Encoding.UTF8.GetBytes("Über die Straße – 你好 🐟")));
        Assert.That(envelope.To[0].Address, Is.EqualTo("用户@例子.广告"));
    }

    [Test]
    public void Encoded_words_stay_encoded_in_the_envelope_and_decode_to_text()
    {
        var envelope = Envelope("encoded-words");
        Assert.That(Summaries.Text(envelope.From[0].Name), Is.EqualTo("=?utf-8?Q?Jos=C3=A9_=C3=91and=C3=BA?="));
        Assert.That(envelope.From[0].DecodedName, Is.EqualTo("José Ñandú"));
        Assert.That(envelope.To[0].DecodedName, Is.EqualTo("Пётр"));
        Assert.That(envelope.To[1].DecodedName, Is.EqualTo("quoted!"));
        Assert.That(envelope.Cc[0].DecodedName, Is.EqualTo("你好世界"));
        Assert.That(envelope.DecodedSubject, Is.EqualTo("Été à Paris– 日本語 plain Привет"));
    }

    [Test]
    public void Nested_messages_have_envelopes_of_their_own()
    {
        var root = Summaries.Of(MessageCorpus.Get("message-in-multipart").ReadAll()).Root;
        var first = root.Children[1].NestedEnvelope!;
        Assert.That(Summaries.Text(first.Subject), Is.EqualTo("the minutes"));
        Assert.That(Summaries.Text(first.Sender), Is.EqualTo("(NIL NIL \"secretary\" \"example.com\")"));
        Assert.That(Summaries.Text(first.ReplyTo), Is.EqualTo("(NIL NIL \"minutes\" \"example.com\")"));
        Assert.That(Summaries.Text(root.Children[2].NestedEnvelope!.Subject), Is.EqualTo("a plain one"));
        Assert.That(root.Children[0].NestedEnvelope, Is.Null);
        Assert.That(Summaries.Of(MessageCorpus.Get("message-global").ReadAll()).Root.Children[0].NestedEnvelope!.From[0].Address, Is.EqualTo("jörg@exämple.org"));
    }

    [Test]
    public void Lines_that_are_no_fields_are_passed_over()
    {
        var envelope = Envelope("broken-header-lines");
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("lines that are no fields"));
        Assert.That(envelope.From[0].Address, Is.EqualTo("alice@example.org"));
        Assert.That(envelope.To[0].Address, Is.EqualTo("bob@example.net"));
    }

    [Test]
    public void NUL_and_stray_CR_never_reach_an_envelope()
    {
        Assert.That(Summaries.Text(Envelope("broken-nul").Subject), Is.EqualTo("a NUL ? in the header"));
        Assert.That(Summaries.Text(Envelope("broken-bare-cr").Subject), Is.EqualTo("a bare   inside"));
    }

    private static MessageEnvelope Envelope(string name) => Summaries.Of(MessageCorpus.Get(name).ReadAll()).Envelope;
}
