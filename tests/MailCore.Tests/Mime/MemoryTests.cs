using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

/// <summary>The message is never held: what is allocated does not depend on its length.</summary>
[TestFixture]
public class MemoryTests
{
    [Test]
    public void A_small_plain_message_costs_few_octets()
    {
        var octets = MessageCorpus.Get("plain").ReadAll();
        var most = Allocated(() =>
        {
            for (var i = 0; i < 1_000; i++)
                Summaries.Of(octets);
        });
        Assert.That(most / 1_000, Is.LessThan(2_000));
    }

    [Test]
    public void A_line_of_5_MB_is_not_gathered([Values] bool inHeader, [Values] bool inMultipart)
    {
        var head = inMultipart ? "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" : "From: a@b\r\n";
        var message = MessageCorpus.Made("line", head + (inHeader ? "X: " : "\r\n--"), "xxxxxxxxxxxxxxxx", 5 * 1024 * 1024 / 16, "\r\n--b--\r\n");
        Read(message);
        Assert.That(Allocated(() => Read(message)), Is.LessThan(1_500_000));
    }

    [Test]
    public void A_message_of_1_GB_is_not_held()
    {
        var message = MessageCorpus.Made("huge", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n", new string('x', 65_534) + "\r\n", 16 * 1024, "--b--\r\n");
        Assert.That(message.Length, Is.GreaterThan(1024 * 1024 * 1024));
        Assert.That(Allocated(() => Read(message)), Is.LessThan(1_000_000));
    }

    [Test]
    public void Many_small_parts_cost_no_more_than_their_records()
    {
        var message = MessageCorpus.Made("parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 9_000, "--b--\r\n");
        Assert.That(Allocated(() => Read(message)), Is.LessThan(6_000_000));
    }

    [Test]
    public void Stale_boundaries_of_closed_multiparts_are_forgotten()
    {
        var boundary = new string('b', 900);
        var message = MessageCorpus.Made(
            "siblings",
            "Content-Type: multipart/mixed; boundary=o\r\n\r\n",
            $"--o\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n\r\nx\r\n--{boundary}--\r\n",
            900,
            "--o--\r\n");
        Assert.That(Allocated(() => Read(message)), Is.LessThan(6_000_000));
        Assert.That(Summaries.Of(message.Open()).PartCount, Is.EqualTo(1_801));
    }

    private static void Read(CorpusMessage message)
    {
        var summarizer = new MessageSummarizer();
        using var stream = message.Open();
        Span<byte> buffer = stackalloc byte[32 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
            summarizer.Push(buffer[..count]);

        summarizer.Complete();
    }

    private static long Allocated(Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
