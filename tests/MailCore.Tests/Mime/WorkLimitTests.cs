using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

/// <summary>Limits on work, not only on size: each at its value, one past it, and with the input in single octets.</summary>
[TestFixture]
public class WorkLimitTests
{
    [Test]
    public void Nesting_depth_100_of_multiparts([Values(98, 99, 100, 101, 150)] int multiparts)
    {
        // The text at the bottom is one level more.
        var root = Read(MessageCorpus.Nested(multiparts)).Root;
        var bottom = Summaries.Walk(root).Last();
        Assert.That(Summaries.Walk(root).Count(), Is.EqualTo(Math.Min(multiparts + 1, 100)));
        Assert.That(bottom.Part.Type(), Is.EqualTo(multiparts <= 99 ? "text/plain" : "application/octet-stream"));
        Assert.That(bottom.Part.BodyLength, Is.GreaterThanOrEqualTo("bottom".Length));
    }

    [Test]
    public void Nesting_depth_100_of_messages([Values(99, 100, 101, 5_000)] int messages)
    {
        var text = new StringBuilder();
        for (var i = 0; i < messages; i++)
            text.Append("Content-Type: message/rfc822\r\n\r\n");

        var message = MessageCorpus.Made("messages", text.Append("Subject: bottom\r\n\r\nbottom\r\n").ToString(), "", 0, "");
        var parts = Summaries.Walk(Read(message).Root).Select(part => part.Part).ToList();
        Assert.That(parts, Has.Count.EqualTo(Math.Min(messages + 1, 100)));
        Assert.That(parts[^1].Type(), Is.EqualTo(messages <= 99 ? "text/plain" : "application/octet-stream"));
        Assert.That(parts[^1].BodyOffset + parts[^1].BodyLength, Is.EqualTo(message.Length));
    }

    [Test]
    public void Parts_10000([Values(9_998, 9_999, 10_000, 20_000)] int children)
    {
        var message = MessageCorpus.Made("parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\nx\r\n", children, "--b--\r\n");
        var summary = Read(message);
        Assert.That(summary.PartCount, Is.EqualTo(Math.Min(children + 1, 10_000)));
        Assert.That(summary.Root.Children.Select(part => part.BodyLength), Is.All.EqualTo(1));
        Assert.That(summary.Root.BodyOffset + summary.Root.BodyLength, Is.EqualTo(message.Length));
    }

    [Test]
    public void Parts_limit_leaves_a_multipart_and_a_message_opaque()
    {
        var limits = new MimeLimits { Parts = 1 };
        var multipart = Summaries.Of("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", limits).Root;
        Assert.That(multipart.Type(), Is.EqualTo("application/octet-stream"));
        Assert.That(multipart.BodyLength, Is.EqualTo(17));
        var message = Summaries.Of("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n", limits).Root;
        Assert.That(message.Type(), Is.EqualTo("application/octet-stream"));
        Assert.That(message.IsMessage, Is.False);
    }

    [Test]
    public void Header_block_256_KB([Values(-1, 0, 1)] int past)
    {
        // Lines that fill the block to the limit with the empty line.
        const int limit = 256 * 1024;
        var filler = limit + past - "Subject: s\r\nX: \r\nTo: a@b\r\n\r\n".Length;
        var message = MessageCorpus.Made("header", "Subject: s\r\nX: ", "x", filler, "\r\nTo: a@b\r\n\r\nbody\r\n");
        var summary = Read(message);
        Assert.That(summary.Root.HeaderLength, Is.EqualTo(past <= 0 ? limit + past : limit + past - 2));
        Assert.That(summary.Root.BodyOffset + summary.Root.BodyLength, Is.EqualTo(message.Length));
        Assert.That(Summaries.Text(summary.Envelope.Subject), Is.EqualTo("s"));
        Assert.That(summary.Envelope.To, Has.Count.EqualTo(1));
    }

    [Test]
    public void Header_block_256_KB_cut_before_the_line_that_passes_it()
    {
        var message = MessageCorpus.Made("header", "Subject: s\r\nX: ", "x", 256 * 1024, "\r\nTo: a@b\r\n\r\nbody\r\n");
        var summary = Read(message);
        Assert.That(summary.Root.HeaderLength, Is.EqualTo("Subject: s\r\n".Length));
        Assert.That(summary.Root.BodyLength, Is.EqualTo(message.Length - "Subject: s\r\n".Length));
        Assert.That(Summaries.Text(summary.Envelope.Subject), Is.EqualTo("s"));
        Assert.That(summary.Envelope.To, Is.Empty);
    }

    [Test]
    public void A_header_cut_by_its_limit_goes_on_as_body_in_which_delimiters_count()
    {
        var limits = new MimeLimits { HeaderOctets = 60 };
        const string text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: 1\r\nX: "
            + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n--b\r\n\r\ntwo\r\n--b--\r\n";
        var root = Summaries.Of(text, limits).Root;
        Assert.That(root.Children, Has.Count.EqualTo(2));
        Assert.That(root.Children[0].HeaderLength, Is.EqualTo("A: 1\r\n".Length));
        Assert.That(root.Children[0].BodyLength, Is.EqualTo(74));
        Assert.That(root.Children[1].BodyLength, Is.EqualTo(3));
    }

    [Test]
    public void Header_block_1000_lines([Values(998, 999, 1_000)] int before)
    {
        // The line after so many others is read if it is the thousandth at the latest; the block ends where it ends.
        var message = MessageCorpus.Made("lines", "", "X: y\r\n", before, "Subject: late\r\n\r\nbody\r\n");
        var summary = Read(message);
        Assert.That(Summaries.Text(summary.Envelope.Subject), Is.EqualTo(before < 1_000 ? "late" : null));
        Assert.That(summary.Root.BodyLength, Is.EqualTo("body\r\n".Length));
    }

    [Test]
    public void Header_block_1000_lines_counts_folded_ones()
    {
        var message = MessageCorpus.Made("lines", "X: y\r\n", " y\r\n", 999, "Subject: late\r\n\r\nbody\r\n");
        Assert.That(Read(message).Envelope.Subject, Is.Null);
    }

    [Test]
    public void Parameters_of_one_field([Values(99, 100, 101, 20_000)] int count)
    {
        var message = MessageCorpus.Made("parameters", "Content-Type: a/b", ";p=v", count, "\r\n\r\n");
        Assert.That(Read(message).Root.Parameters, Has.Count.EqualTo(Math.Min(count, 100)));
    }

    [Test]
    public void RFC_2231_continuations_of_one_parameter([Values(99, 100, 101, 5_000)] int count)
    {
        var value = string.Concat(Enumerable.Range(0, count).Select(i => $"; p*{i}=v"));
        var parameters = Read(MessageCorpus.Made("continuations", $"Content-Type: a/b{value}\r\n\r\n", "", 0, "")).Root.Parameters;
        Assert.That(parameters, Has.Count.EqualTo(1));
        Assert.That(parameters[0].Value.Length, Is.EqualTo(Math.Min(count, 100)));
    }

    [Test]
    public void RFC_2231_continuations_in_reverse_order_are_joined_at_the_limit()
    {
        var value = string.Concat(Enumerable.Range(0, 100).Reverse().Select(i => $"; p*{i}={i % 10}"));
        var parameters = Summaries.Of($"Content-Type: a/b{value}\r\n\r\n").Root.Parameters;
        Assert.That(Summaries.Text(parameters), Is.EqualTo("p=" + string.Concat(Enumerable.Range(0, 100).Select(i => i % 10))));
    }

    [Test]
    public void Addresses_in_one_header([Values(1_999, 2_000, 2_001, 50_000)] int count)
    {
        var message = MessageCorpus.Made("addresses", "To: x@y", ",a@b", count - 1, "\r\nSubject: after\r\n\r\n");
        var envelope = Read(message).Envelope;
        Assert.That(envelope.To, Has.Count.EqualTo(Math.Min(count, 2_000)));
        Assert.That(Summaries.Text(envelope.Subject), Is.EqualTo("after"));
    }

    [Test]
    public void Addresses_in_one_header_spread_over_repeated_fields()
    {
        var message = MessageCorpus.Made("addresses", "", "To: a@b, c@d\r\n", 900, "\r\n");
        Assert.That(Summaries.Of(message.Open(), new MimeLimits { Addresses = 1_000 }).Envelope.To, Has.Count.EqualTo(1_000));
    }

    [Test]
    public void Summary_octets_stop_further_parts_from_being_opened()
    {
        // 10,000 parts with 20 KB of description each would be 200 MB of summary.
        var part = "--b\r\nContent-Description: " + new string('d', 20_000) + "\r\n\r\nx\r\n";
        var summary = Summaries.Of(MessageCorpus.Made("fat", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", part, 200, "--b--\r\n").Open());
        Assert.That(summary.Encode().Length, Is.LessThan(1_100_000));
        Assert.That(summary.Root.Children, Has.Count.InRange(50, 60));
    }

    [Test]
    public void A_limit_below_one_is_refused()
    {
        Assert.That(() => new MimeLimits { Depth = 0 }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new MimeLimits { HeaderOctets = -1 }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new MimeLimits { SummaryOctets = int.MaxValue }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Comparisons_with_boundaries_grow_with_lines_times_depth_and_no_faster()
    {
        const int depth = 90, lines = 20_000;
        var head = string.Concat(Enumerable.Range(1, depth).Select(i => $"Content-Type: multipart/mixed; boundary=a{new string('a', i)}!\r\n\r\n--a{new string('a', i)}!\r\n"));
        var summarizer = new MessageSummarizer();
        summarizer.Push(Encoding.ASCII.GetBytes(head + "\r\n"));
        var before = summarizer.Comparisons;
        for (var i = 0; i < lines; i++)
            summarizer.Push("--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"u8);

        Assert.That(summarizer.Comparisons - before, Is.LessThanOrEqualTo((long)depth * lines));
        Assert.That(summarizer.Complete().PartCount, Is.EqualTo(depth + 1));
    }

    /// <summary>Reads whole and, unless that takes too long, in single octets and odd pieces.</summary>
    private static MessageSummary Read(CorpusMessage message)
    {
        var octets = message.ReadAll();
        var summary = Summaries.Of(octets);
        Assert.That(Summaries.InPieces(octets, 1).Encode().Span.SequenceEqual(summary.Encode().Span));
        Assert.That(Summaries.InPieces(octets, 997).Encode().Span.SequenceEqual(summary.Encode().Span));
        Assert.That(MessageSummary.TryDecode(summary.Encode(), out _));
        return summary;
    }
}
