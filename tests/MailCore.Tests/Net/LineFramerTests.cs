using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using MailCore.Net;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LineFramerTests
{
    private const int Limit = 40;

    [TestCase("", LineStatus.Line)]
    [TestCase("\r", LineStatus.Line)]
    [TestCase("a\0b", LineStatus.Line)]
    public async Task A_line_ends_at_the_LF_and_the_last_CR_is_not_of_it(string text, LineStatus status)
    {
        var read = await ReadAllAsync([text + "\r\nnext\r\n"], Limit);
        Assert.That(read, Is.EqualTo(new[] { (status, text), (LineStatus.Line, "next") }));
    }

    [Test]
    public async Task A_bare_line_feed_is_told_apart()
    {
        var read = await ReadAllAsync(["a\nb\r\n\n"], Limit);
        Assert.That(read, Is.EqualTo(new[] { (LineStatus.BareLineFeed, "a"), (LineStatus.Line, "b"), (LineStatus.BareLineFeed, "") }));
    }

    [Test]
    public async Task The_limit_holds_at_n_and_n_plus_1_and_the_dialog_stays_in_step([Values("\r\n", "\n")] string end, [Values(Limit, Limit + 1, Limit + 2, 3 * Limit)] int length)
    {
        var line = new string('x', length);
        var text = line + end + "next\r\n";
        var good = end == "\n" ? LineStatus.BareLineFeed : LineStatus.Line;
        var first = length <= Limit ? (good, line) : (LineStatus.TooLong, line[^32..]);
        for (var split = 0; split <= text.Length; split++)
        {
            var read = await ReadAllAsync([text[..split], text[split..]], Limit);
            Assert.That(read, Is.EqualTo(new[] { first, (LineStatus.Line, "next") }), $"split at {split}");
        }

        Assert.That(await ReadAllAsync(text.Select(static c => c.ToString()), Limit), Is.EqualTo(new[] { first, (LineStatus.Line, "next") }));
    }

    [Test]
    public async Task What_has_no_line_end_when_the_client_leaves_is_no_line()
    {
        Assert.That(await ReadAllAsync(["a\r\nQUIT"], Limit), Is.EqualTo(new[] { (LineStatus.Line, "a") }));
        Assert.That(await ReadAllAsync([new string('x', 1000)], Limit), Is.Empty);
    }

    [Test]
    [NonParallelizable]
    public async Task An_endless_line_is_dropped_with_flat_memory_and_given_up()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var framer = new LineFramer(pipe.Reader, TimeProvider.System) { DrainLimit = 8 * 1024 * 1024 };
        var chunk = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        var sent = 0L;
        var status = LineStatus.Incomplete;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        while (status == LineStatus.Incomplete)
        {
            await pipe.Writer.WriteAsync(chunk);
            sent += chunk.Length;
            Assert.That(await framer.FillAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(FillResult.Data));
            status = framer.TryReadLine(Limit, out _);
            Assert.That(framer.Buffer.Length, Is.LessThan(100));
        }

        Assert.That(status, Is.EqualTo(LineStatus.Endless));
        Assert.That(sent, Is.EqualTo((8 * 1024 * 1024) + chunk.Length));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(2 * 1024 * 1024));
    }

    [Test]
    public async Task Drained_octets_are_counted_per_line()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var framer = new LineFramer(pipe.Reader, TimeProvider.System) { DrainLimit = 1000 };
        for (var i = 0; i < 10; i++)
        {
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 900)));
            await framer.FillAsync(TimeSpan.FromMinutes(1));
            Assert.That(framer.TryReadLine(Limit, out _), Is.EqualTo(LineStatus.Incomplete));
            await pipe.Writer.WriteAsync("\r\n"u8.ToArray());
            await framer.FillAsync(TimeSpan.FromMinutes(1));
            Assert.That(framer.TryReadLine(Limit, out _), Is.EqualTo(LineStatus.TooLong));
        }
    }

    [Test]
    public async Task A_time_out_leaves_the_read_pending_and_the_next_wait_takes_it_up()
    {
        var time = new ManualTimeProvider();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        for (var i = 0; i < 3; i++)
        {
            var fill = framer.FillAsync(TimeSpan.FromMinutes(1)).AsTask();
            time.Advance(TimeSpan.FromSeconds(59));
            Assert.That(fill.IsCompleted, Is.False);
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.That(await fill, Is.EqualTo(FillResult.TimedOut));
            Assert.That(framer.TryReadLine(Limit, out _), Is.EqualTo(LineStatus.Incomplete));
        }

        await pipe.Writer.WriteAsync("line\r\n"u8.ToArray());
        Assert.That(await framer.FillAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(FillResult.Data));
        Assert.That(framer.TryReadLine(Limit, out _), Is.EqualTo(LineStatus.Line));
    }

    [Test]
    public async Task A_shorter_wait_after_a_longer_one_times_out_in_its_own_time()
    {
        var time = new ManualTimeProvider();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        var first = framer.FillAsync(TimeSpan.FromMinutes(30)).AsTask();
        await pipe.Writer.WriteAsync("x"u8.ToArray());
        await first;
        var second = framer.FillAsync(TimeSpan.FromMinutes(1)).AsTask();
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await second, Is.EqualTo(FillResult.TimedOut));
        // And a longer one after a shorter one is not cut by the timer that was armed for it.
        var third = framer.FillAsync(TimeSpan.FromMinutes(10)).AsTask();
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.That(third.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.That(await third, Is.EqualTo(FillResult.TimedOut));
    }

    [Test]
    public async Task Most_waits_touch_no_timer()
    {
        var time = new CountingTime();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        for (var i = 0; i < 1_000; i++)
        {
            var fill = framer.FillAsync(TimeSpan.FromMinutes(5)).AsTask();
            await pipe.Writer.WriteAsync("line\r\n"u8.ToArray());
            await fill;
            framer.TryReadLine(Limit, out _);
        }

        Assert.That(time.Changes, Is.EqualTo(1));
    }

    [Test]
    public async Task An_endless_time_out_is_no_error()
    {
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, TimeProvider.System);
        foreach (var timeout in new[] { Timeout.InfiniteTimeSpan, TimeSpan.MaxValue, TimeSpan.FromDays(49) })
        {
            var fill = framer.FillAsync(timeout).AsTask();
            await pipe.Writer.WriteAsync("x"u8.ToArray());
            Assert.That(await fill, Is.EqualTo(FillResult.Data));
        }
    }

    [Test]
    public async Task An_interrupt_ends_the_wait_at_hand()
    {
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, TimeProvider.System);
        var fill = framer.FillAsync(Timeout.InfiniteTimeSpan).AsTask();
        framer.Interrupt();
        Assert.That(await fill.WaitAsync(TimeSpan.FromSeconds(30)), Is.EqualTo(FillResult.Interrupted));
    }

    [Test]
    public async Task An_interrupt_while_nobody_waits_ends_the_next_wait_that_has_to()
    {
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, TimeProvider.System);
        framer.Interrupt();
        await pipe.Writer.WriteAsync("x"u8.ToArray());
        Assert.That(await framer.FillAsync(Timeout.InfiniteTimeSpan), Is.EqualTo(FillResult.Data));
        Assert.That(await framer.FillAsync(Timeout.InfiniteTimeSpan).AsTask().WaitAsync(TimeSpan.FromSeconds(30)), Is.EqualTo(FillResult.Interrupted));
        await pipe.Writer.WriteAsync("y"u8.ToArray());
        Assert.That(await framer.FillAsync(Timeout.InfiniteTimeSpan), Is.EqualTo(FillResult.Data));
    }

    /// <summary>Interrupts, time-outs and octets at once: every octet arrives, in order, and the last interrupt is never lost.</summary>
    [Test]
    public async Task Interrupts_time_outs_and_data_race_without_losing_any([Range(0, 4)] int seed)
    {
        var random = new Random(seed);
        var time = new ManualTimeProvider();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        const int lines = 3_000;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < lines; i++)
            {
                await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes($"{i}\r\n"));
            }
        });
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stop = 0;
        var interrupting = Task.Run(() =>
        {
            while (Volatile.Read(ref stop) == 0)
            {
                framer.Interrupt();
                begun.TrySetResult();
                time.Advance(TimeSpan.FromMilliseconds(random.Next(3)));
            }
        });

        // Else a busy machine may read every line before the first interrupt.
        await begun.Task;
        var interrupts = 0;
        for (var next = 0; next < lines;)
        {
            if (framer.TryReadLine(Limit, out var line) == LineStatus.Line)
            {
                Assert.That(Encoding.ASCII.GetString(line), Is.EqualTo($"{next++}"));
                continue;
            }

            var result = await framer.FillAsync(TimeSpan.FromMilliseconds(2)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            Assert.That(result, Is.Not.EqualTo(FillResult.Completed));
            interrupts += result == FillResult.Interrupted ? 1 : 0;
        }

        Volatile.Write(ref stop, 1);
        await interrupting;
        await writing;
        // One interrupt that was asked for before may still stand; after it there is none, and a new one is seen.
        for (var i = 0; i < 100; i++)
        {
            framer.Interrupt();
            Assert.That(await framer.FillAsync(Timeout.InfiniteTimeSpan).AsTask().WaitAsync(TimeSpan.FromSeconds(30)), Is.EqualTo(FillResult.Interrupted));
        }

        TestContext.Out.WriteLine($"{interrupts} interrupts among {lines} lines.");
    }

    [Test]
    public async Task A_broken_pipe_ends_a_pending_wait_in_an_IOException()
    {
        await using var connection = new InMemoryConnection();
        using var framer = new LineFramer(connection.Server.Transport.Input, TimeProvider.System);
        var fill = framer.FillAsync(Timeout.InfiniteTimeSpan).AsTask();
        connection.Server.Abort(null);
        await Assert.ThatAsync(() => fill, Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Attach_forgets_what_was_buffered_and_release_is_refused_while_a_read_is_pending()
    {
        var time = new ManualTimeProvider();
        Pipe first = new(), second = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        using var framer = new LineFramer(first.Reader, time);
        await first.Writer.WriteAsync("old"u8.ToArray());
        await framer.FillAsync(Timeout.InfiniteTimeSpan);
        Assert.That(framer.HasBufferedData);
        framer.Attach(second.Reader);
        Assert.That(framer.HasBufferedData, Is.False);
        var fill = framer.FillAsync(TimeSpan.FromSeconds(1)).AsTask();
        time.Advance(TimeSpan.FromSeconds(1));
        await fill;
        Assert.That(framer.Release, Throws.InvalidOperationException);
        await second.Writer.WriteAsync("new\r\n"u8.ToArray());
        Assert.That(framer.HasBufferedData);
        await framer.FillAsync(TimeSpan.FromSeconds(1));
        framer.TryReadLine(Limit, out var line);
        Assert.That(Encoding.ASCII.GetString(line), Is.EqualTo("new"));
    }

    [Test]
    public async Task Lines_at_random_come_out_as_they_went_in([Range(0, 39)] int seed)
    {
        var random = new Random(seed);
        var text = new string([.. Enumerable.Range(0, 3_000).Select(_ => "ab\r\n\r\n\0"[random.Next(7)]).ToArray()]);
        var limit = random.Next(0, 6);
        var pieces = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var piece = random.Next(1, Math.Min(text.Length - at, 1 << random.Next(1, 9)) + 1);
            pieces.Add(text.Substring(at, piece));
            at += piece;
        }

        var expected = text.Split('\n')[..^1].Select(line =>
        {
            var (status, kept) = line.EndsWith('\r') ? (LineStatus.Line, line[..^1]) : (LineStatus.BareLineFeed, line);
            return kept.Length > limit ? (LineStatus.TooLong, kept.Length > 32 ? kept[^32..] : kept) : (status, kept);
        });
        Assert.That(await ReadAllAsync(pieces, limit), Is.EqualTo(expected));
    }

    [Test]
    public async Task Counted_octets_between_lines_are_taken_from_the_buffer_however_they_come([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var bodies = Enumerable.Range(0, 100).Select(_ => new string([.. Enumerable.Range(0, random.Next(60)).Select(_ => "a\r\n"[random.Next(3)])])).ToList();
        var text = Encoding.ASCII.GetBytes(string.Concat(bodies.Select(static body => $"{body.Length}\r\n{body}")));
        await using var connection = new InMemoryConnection();
        using var framer = new LineFramer(connection.Server.Transport.Input, TimeProvider.System);
        var sending = Task.Run(async () =>
        {
            for (var at = 0; at < text.Length;)
            {
                var piece = Math.Min(text.Length - at, random.Next(1, 100));
                await connection.Client.WriteAsync(text.AsMemory(at, piece));
                at += piece;
            }
        });
        foreach (var body in bodies)
        {
            ReadOnlySequence<byte> line;
            while (framer.TryReadLine(Limit, out line) == LineStatus.Incomplete)
            {
                Assert.That(await framer.FillAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(FillResult.Data));
            }

            Assert.That(Encoding.ASCII.GetString(line), Is.EqualTo($"{body.Length}"));
            var octets = new StringBuilder();
            while (octets.Length < body.Length)
            {
                var piece = framer.Buffer.Slice(0, Math.Min(framer.Buffer.Length, body.Length - octets.Length));
                octets.Append(Encoding.ASCII.GetString(piece));
                framer.Consume(piece.End);
                if (octets.Length < body.Length)
                {
                    Assert.That(await framer.FillAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(FillResult.Data));
                }
            }

            Assert.That(octets.ToString(), Is.EqualTo(body));
        }

        await sending;
    }

    private static async Task<List<(LineStatus Status, string Line)>> ReadAllAsync(IEnumerable<string> pieces, int limit)
    {
        await using var connection = new InMemoryConnection();
        using var framer = new LineFramer(connection.Server.Transport.Input, TimeProvider.System);
        var sending = Task.Run(async () =>
        {
            foreach (var piece in pieces)
            {
                await connection.Client.WriteAsync(Encoding.Latin1.GetBytes(piece));
            }

            connection.FinishClientWriting();
        });
        var read = new List<(LineStatus, string)>();
        while (true)
        {
            var status = framer.TryReadLine(limit, out var line);
            if (status != LineStatus.Incomplete)
            {
                read.Add((status, Encoding.Latin1.GetString(line)));
                continue;
            }

            if (await framer.FillAsync(TimeSpan.FromMinutes(1)) == FillResult.Completed)
            {
                await sending;
                return read;
            }
        }
    }

    private sealed class CountingTime : TimeProvider
    {
        public int Changes { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this);

        private sealed class Timer(CountingTime owner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                owner.Changes++;
                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
