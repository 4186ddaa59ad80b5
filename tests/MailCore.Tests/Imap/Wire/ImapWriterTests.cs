using System.IO.Pipelines;
using System.Text;
using MailCore.Imap.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapWriterTests
{
    [TestCase("", "\"\"")]
    [TestCase("plain", "\"plain\"")]
    [TestCase("a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"")]
    [TestCase("\\", "\"\\\\\"")]
    [TestCase("line\r\nbreak", "{11}\r\nline\r\nbreak")]
    [TestCase("\u00fc", "{2}\r\n\u00c3\u00bc")]
    [TestCase("nul\0", "{4}\r\nnul?")]
    [TestCase("\u007f", "{1}\r\n\u007f")]
    public async Task A_string_is_quoted_where_it_can_be_and_a_literal_where_it_must(string value, string written) =>
        Assert.That(await WrittenAsync(writer => writer.String(Encoding.UTF8.GetBytes(value))), Is.EqualTo(written));

    [Test]
    public async Task A_long_string_is_a_literal()
    {
        var text = new string('x', 100_000);
        Assert.That(await WrittenAsync(writer => writer.String(Encoding.ASCII.GetBytes(text))), Is.EqualTo("{100000}\r\n" + text));
    }

    [TestCase("INBOX", "INBOX")]
    [TestCase("nil", "\"nil\"")]
    [TestCase("two words", "\"two words\"")]
    [TestCase("Entwürfe", "Entw&APw-rfe")]
    [TestCase("a]b", "\"a]b\"")]
    public async Task Mailboxes_are_atoms_where_they_can_be(string name, string written) =>
        Assert.That(await WrittenAsync(writer => writer.Mailbox(name)), Is.EqualTo(written));

    [Test]
    public async Task Flags_and_dates()
    {
        Assert.That(await WrittenAsync(writer => writer.Flags(0, false, [])), Is.EqualTo("()"));
        Assert.That(await WrittenAsync(writer => writer.Flags(0xFF1F, true, ["a", "b"])), Is.EqualTo("(\\Answered \\Flagged \\Deleted \\Seen \\Draft \\Recent a b)"));
        Assert.That(await WrittenAsync(writer => writer.Flags(0x200, false, ["a", "b"])), Is.EqualTo("(b)"));
        Assert.That(
            await WrittenAsync(writer => writer.DateTime(new DateTimeOffset(1996, 7, 7, 2, 4, 5, new TimeSpan(-7, -30, 0)))),
            Is.EqualTo("\" 7-Jul-1996 02:04:05 -0730\""));
    }

    [Test]
    public async Task Numbers_and_long_runs_cross_buffers()
    {
        var written = await WrittenAsync(writer =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                writer.Untagged(i).Raw("x").Line();
            }
        });
        Assert.That(written, Is.EqualTo(string.Concat(Enumerable.Range(0, 5_000).Select(static i => $"* {i} x\r\n"))));
    }

    [Test]
    public async Task A_client_that_no_longer_reads_fails_the_flush()
    {
        var pipe = new Pipe();
        var writer = new ImapWriter(pipe.Writer);
        writer.Raw("x"u8).Line();
        await pipe.Reader.CompleteAsync();
        await Assert.ThrowsAsync<IOException>(() => writer.FlushAsync().AsTask());
        Assert.That(writer.IsLost, Is.True);
    }

    [Test]
    public async Task A_flags_line_allocates_nothing()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var writer = new ImapWriter(pipe.Writer);
        string[] keywords = ["Work", "$Forwarded"];
        async Task RunAsync()
        {
            for (var i = 1; i <= 10_000; i++)
            {
                writer.Untagged(i).Raw("FETCH (FLAGS "u8).Flags(0x105, true, keywords).Raw(")"u8).Line();
                if (writer.WantsFlush)
                {
                    await writer.FlushAsync();
                    pipe.Reader.TryRead(out var result);
                    pipe.Reader.AdvanceTo(result.Buffer.End);
                }
            }
        }

        await RunAsync();
        var before = GC.GetAllocatedBytesForCurrentThread();
        await RunAsync();
        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / 10_000.0, Is.LessThan(8));
    }

    private static async Task<string> WrittenAsync(Action<ImapWriter> write)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var writer = new ImapWriter(pipe.Writer);
        write(writer);
        await writer.FlushAsync();
        await pipe.Writer.CompleteAsync();
        using var text = new StreamReader(pipe.Reader.AsStream(), Encoding.Latin1);
        return await text.ReadToEndAsync();
    }
}
