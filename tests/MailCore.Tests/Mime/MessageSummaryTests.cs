using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class MessageSummaryTests
{
    [Test]
    public void Encoding_of_another_version_or_none_is_not_decoded()
    {
        var encoded = Summaries.Of(MessageCorpus.Get("plain").ReadAll()).Encode().ToArray();
        Assert.That(MessageSummary.TryDecode(encoded, out var summary));
        Assert.That(summary!.Encode().ToArray(), Is.EqualTo(encoded));
        encoded[0]++;
        Assert.That(MessageSummary.TryDecode(encoded, out summary), Is.False);
        Assert.That(summary, Is.Null);
        encoded[0] = 0;
        Assert.That(MessageSummary.TryDecode(encoded, out _), Is.False);
        Assert.That(MessageSummary.TryDecode(default, out _), Is.False);
    }

    [Test]
    public void An_encoding_cut_anywhere_or_with_a_tail_is_not_decoded()
    {
        var encoded = Summaries.Of(MessageCorpus.Get("message-in-multipart").ReadAll()).Encode().ToArray();
        for (var length = 0; length < encoded.Length; length++)
            Assert.That(MessageSummary.TryDecode(encoded.AsMemory(0, length), out _), Is.False, $"{length} octets");

        Assert.That(MessageSummary.TryDecode(encoded.Append((byte)0).ToArray(), out _), Is.False);
    }

    [Test]
    public void A_number_without_end_is_not_decoded()
    {
        var endless = Enumerable.Repeat((byte)0xFF, 100).ToArray();
        endless[0] = MessageSummary.Version;
        Assert.That(MessageSummary.TryDecode(endless, out _), Is.False);
    }

    [Test]
    public void The_encoding_of_version_1_stays_what_it_is()
    {
        // Stored summaries must stay readable; if this changes, so must the version.
        var summary = Summaries.Of("Subject: hi\r\nTo: B <b@c>\r\nContent-Type: text/html\r\n\r\nxyz\r\n");
        const string head = "01" + "3A";                            // version, octets
        const string envelope = "0D" + "8202" + "026869"            // length, fields, Subject
            + "8D" + "0142" + "0162" + "0163" + "00";               // To: name, mailbox, host; end of list
        const string preview = "0378797A";
        const string part = "01" + "01" + "00" + "35" + "05" + "01" + "00" // number of parts; fields, offset, header, body, lines, children
            + "0474657874" + "0468746D6C" + "00";                   // type, subtype, no parameters
        Assert.That(Convert.ToHexString(summary.Encode().Span), Is.EqualTo(head + envelope + preview + part));
    }

    [Test]
    public void A_summary_is_much_smaller_than_its_message() =>
        Assert.That(Summaries.Of(MessageCorpus.Get("plain").ReadAll()).Encode().Length, Is.LessThan(400));

    [Test]
    public void A_message_is_complete_once()
    {
        var summarizer = new MessageSummarizer();
        summarizer.Complete();
        Assert.That(summarizer.Complete, Throws.InvalidOperationException);
        Assert.That(() => summarizer.Push("x"u8), Throws.InvalidOperationException);
    }

    [Test]
    public void Envelope_structure_and_preview_are_decoded_once()
    {
        Assert.That(MessageSummary.TryDecode(Summaries.Of(MessageCorpus.Get("plain").ReadAll()).Encode(), out var summary));
        var (envelope, root, preview) = (summary!.Envelope, summary.Root, summary.Preview);
        Assert.That(summary.Envelope, Is.SameAs(envelope));
        Assert.That(summary.Root, Is.SameAs(root));
        Assert.That(summary.Preview, Is.SameAs(preview));
    }
}
