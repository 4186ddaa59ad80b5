using System.Buffers;
using System.IO.Pipelines;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class SummarizingPipeReaderTests
{
    [Test]
    public async Task Each_octet_is_shown_once_however_it_is_consumed([Values(1, 3, 16, 4_096)] int step)
    {
        var octets = MessageCorpus.Get("message-in-multipart").ReadAll();
        var summarizer = new MessageSummarizer();
        var reader = new SummarizingPipeReader(PipeReader.Create(new MemoryStream(octets), new StreamPipeReaderOptions(bufferSize: 16)), summarizer);
        var received = new List<byte>();
        while (true)
        {
            // Everything is examined, a little is consumed: what is looked at twice must not be counted twice.
            var result = await reader.ReadAsync();
            var piece = result.Buffer.Slice(0, Math.Min(step, result.Buffer.Length));
            received.AddRange(piece.ToArray());
            reader.AdvanceTo(piece.End, result.IsCompleted ? piece.End : result.Buffer.End);
            if (result.IsCompleted && piece.Length == result.Buffer.Length)
                break;
        }

        await reader.CompleteAsync();
        Assert.That(received, Is.EqualTo(octets));
        Assert.That(reader.BytesConsumed, Is.EqualTo(octets.Length));
        Assert.That(summarizer.Complete().Encode().ToArray(), Is.EqualTo(Summaries.Of(octets).Encode().ToArray()));
    }

    [Test]
    public async Task Copying_and_reading_at_least_go_through_the_summarizer_too()
    {
        var octets = MessageCorpus.Get("plain").ReadAll();
        var summarizer = new MessageSummarizer();
        var reader = new SummarizingPipeReader(PipeReader.Create(new MemoryStream(octets), new StreamPipeReaderOptions(bufferSize: 16)), summarizer);
        var result = await reader.ReadAtLeastAsync(100);
        reader.AdvanceTo(result.Buffer.GetPosition(50));
        Assert.That(reader.BytesConsumed, Is.EqualTo(50));
        var copy = new MemoryStream();
        await reader.CopyToAsync(copy);
        Assert.That(copy.ToArray(), Is.EqualTo(octets[50..]));
        Assert.That(reader.BytesConsumed, Is.EqualTo(octets.Length));
        Assert.That(summarizer.Complete().Encode().ToArray(), Is.EqualTo(Summaries.Of(octets).Encode().ToArray()));
    }

    [Test]
    public async Task Octets_that_are_never_consumed_are_not_shown()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("Subject: x\r\n\r\nbodyMORE"u8.ToArray());
        var summarizer = new MessageSummarizer();
        var reader = new SummarizingPipeReader(pipe.Reader, summarizer);
        Assert.That(reader.TryRead(out var result));
        reader.AdvanceTo(result.Buffer.GetPosition(18));
        Assert.That(reader.TryRead(out result));
        reader.AdvanceTo(result.Buffer.Start);
        Assert.That(summarizer.Complete().Length, Is.EqualTo(18));
        Assert.That(reader.BytesConsumed, Is.EqualTo(18));
    }

    [Test]
    public async Task Cancelling_a_pending_read_and_failing_pass_through()
    {
        var pipe = new Pipe();
        var reader = new SummarizingPipeReader(pipe.Reader, new MessageSummarizer());
        Assert.That(reader.TryRead(out _), Is.False);
        var pending = reader.ReadAsync();
        reader.CancelPendingRead();
        var result = await pending;
        Assert.That(result.IsCanceled);
        reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await pipe.Writer.CompleteAsync(new IOException("cut"));
        Assert.That(async () => await reader.ReadAsync(), Throws.InstanceOf<IOException>());
        Assert.That(reader.BytesConsumed, Is.Zero);
        await reader.CompleteAsync();
    }
}
