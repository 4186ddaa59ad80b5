using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>A remote server fails in every way at every stage: one outcome is right, and the message is never lost.</summary>
[CancelAfter(120_000)]
public class FaultyMtaTests
{
    private static readonly string[] Faults = ["drop", "silence", "what?", "99 x", "421 4.3.2 closing", "451 4.3.0 later", "550 5.7.1 no", "150 hm"];

    private static IEnumerable<TestCaseData> Cases()
    {
        (string Kind, string[] Stages)[] servers =
        [
            ("plain", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"]),
            ("pipelining", ["MAIL", "RCPT", "DATA", "dot"]),
            ("chunking", ["MAIL", "RCPT", "BDAT"]),
            ("lmtp", ["LHLO", "MAIL", "RCPT", "DATA", "dot"]),
        ];
        foreach (var (kind, stages) in servers)
        {
            foreach (var stage in stages)
            {
                foreach (var fault in Faults)
                {
                    yield return new TestCaseData(kind, stage, fault, Expected(kind, stage, fault));
                }
            }

            yield return new TestCaseData(kind, kind == "chunking" ? "BDAT" : "body", "drop", "Deferred Deferred");
        }
    }

    [TestCaseSource(nameof(Cases))]
    public async Task A_fault_has_the_one_right_outcome_and_the_next_attempt_loses_nothing(string kind, string stage, string fault, string expected)
    {
        await using var mta = new FaultyMta(kind switch
        {
            "pipelining" => ["PIPELINING"],
            "chunking" => ["PIPELINING", "CHUNKING"],
            _ => [],
        });
        mta.IsLmtp = kind == "lmtp";
        mta.At(stage, fault);
        var time = new ManualTimeProvider();
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), null, time);
        var hop = mta.IsLmtp ? NextHop.Lmtp("mx.example.org") : RelayTestClient.Hop;

        var sending = connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org", "two@example.org")), hop);
        while (!sending.IsCompleted && fault == "silence")
        {
            if (!mta.Silences.IsEmpty)
            {
                time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
            }

            await Task.WhenAny(sending, Task.Delay(10));
        }

        var outcomes = await sending;
        Assert.That(string.Join(' ', outcomes.Select(static one => one.Status)), Is.EqualTo(expected), string.Join('\n', outcomes));
        Assert.That(outcomes.All(static one => one.Reply.Status is not null), "every outcome has a status code");

        var left = outcomes.Select(static (one, i) => (one.Status, Address: i == 0 ? "one@example.org" : "two@example.org")).Where(static one => one.Status == RelayStatus.Deferred).ToList();
        if (left.Count > 0)
        {
            var again = await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope([.. left.Select(static one => one.Address)])), hop);
            Assert.That(again.Select(static one => one.Status), Is.All.EqualTo(RelayStatus.Sent), string.Join('\n', again));
        }

        // Of what a server says behind garbage nothing is known: whom LMTP has answered for by then gets it twice.
        var mayRepeat = kind == "lmtp" && stage == "dot" && fault is "what?" or "99 x" or "150 hm";
        var taken = mta.Taken.SelectMany(static one => one.Recipients.Split(' ')).Order();
        taken = (mayRepeat ? taken.Distinct() : taken).Order();
        Assert.That(taken, Is.EqualTo(new[] { "one@example.org", "two@example.org" }.Where((_, i) => outcomes[i].Status != RelayStatus.Failed)), "each that did not fail, once");
        Assert.That(mta.Taken.Select(static one => one.Text), Is.All.EqualTo("Subject: x\r\n\r\nhello\r\n"));
    }

    [Test]
    public async Task A_server_that_stops_reading_in_the_middle_of_a_message_is_left_after_the_time_for_a_piece()
    {
        await using var mta = new FaultyMta("PIPELINING");
        mta.At("body", "silence");
        var time = new ManualTimeProvider();
        var octets = new byte[16 * 1024 * 1024];
        octets.AsSpan().Fill((byte)'x');
        for (var i = 99; i < octets.Length; i += 100)
        {
            (octets[i - 1], octets[i]) = ((byte)'\r', (byte)'\n');
        }

        var sending = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), null, time).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org"), octets));
        while (!sending.IsCompleted)
        {
            if (!mta.Silences.IsEmpty)
            {
                time.Advance(TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(1));
            }

            await Task.WhenAny(sending, Task.Delay(10));
        }

        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Deferred));
        Assert.That(mta.Taken, Is.Empty);
    }

    private static string Expected(string kind, string stage, string fault)
    {
        var isOne = stage == "RCPT" || (kind == "lmtp" && stage == "dot");
        return fault switch
        {
            "451 4.3.0 later" when isOne => "Deferred Sent",
            "550 5.7.1 no" when isOne => "Failed Sent",
            // Of a server that refuses everybody; and EHLO may merely be unknown.
            "550 5.7.1 no" when stage == "EHLO" => "Sent Sent",
            "550 5.7.1 no" when stage is "greeting" or "LHLO" => "Deferred Deferred",
            "550 5.7.1 no" => "Failed Failed",
            _ => "Deferred Deferred",
        };
    }
}
