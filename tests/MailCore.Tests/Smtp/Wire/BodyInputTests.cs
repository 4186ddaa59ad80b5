using System.IO.Pipelines;
using MailCore.Net;
using MailCore.Smtp.Wire;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class BodyInputTests
{
    [TestCase(8, 4, DataOutcome.Pending)]
    [TestCase(8, 3, DataOutcome.TooSlow)]
    [TestCase(0, 1, DataOutcome.Pending)]
    public async Task Octets_of_each_minute_of_waiting_are_counted(long minimum, int octets, DataOutcome expected)
    {
        var time = new ManualTimeProvider();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        var input = new BodyInput(framer, time);
        input.Begin(new DataLimits(1_000, 1_000, 10, true, TimeSpan.FromMinutes(3)) { MinPerMinute = minimum }, default);
        var outcome = DataOutcome.Pending;
        for (var i = 0; i < 10 && outcome == DataOutcome.Pending; i++)
        {
            var fill = input.FillAsync();
            time.Advance(TimeSpan.FromSeconds(30));
            await pipe.Writer.WriteAsync(new byte[octets]);
            outcome = await fill;
            framer.Consume(framer.Buffer.End);
            Assert.That(outcome, Is.EqualTo(i == 0 ? DataOutcome.Pending : expected), $"after {i + 1} times 30 s");
        }
    }

    [Test]
    public async Task Time_that_the_server_takes_is_not_the_clients()
    {
        var time = new ManualTimeProvider();
        var pipe = new Pipe();
        using var framer = new LineFramer(pipe.Reader, time);
        var input = new BodyInput(framer, time);
        input.Begin(new DataLimits(1_000, 1_000, 10, true, TimeSpan.FromMinutes(3)) { MinPerMinute = 1_000 }, default);
        for (var i = 0; i < 10; i++)
        {
            await pipe.Writer.WriteAsync(new byte[1]);
            Assert.That(await input.FillAsync(), Is.EqualTo(DataOutcome.Pending));
            framer.Consume(framer.Buffer.End);
            time.Advance(TimeSpan.FromMinutes(5));
        }
    }
}
