using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>When the next hop is asked about a recipient, and for how long its answer counts.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class VerifyingRouterTests
{
    private static readonly NextHop Hop = NextHop.Smtp("inside.example");
    private static readonly SmtpReply No = new(550, "5.1.1", "unknown");

    [Test]
    public async Task A_known_recipient_is_asked_for_once_a_day_and_an_unknown_one_every_quarter_of_an_hour()
    {
        var time = new ManualTimeProvider();
        var connector = new Connector { Reply = static address => address.LocalPart == "bob" ? SmtpReply.Ok : No };
        using var router = new VerifyingRouter(new Router(Hop), connector, time, NullLogger<VerifyingRouter>.Instance);
        foreach (var (advance, asked) in new[] { (0, 2), (14, 2), (1, 3), (24 * 60 - 16, 4), (1, 5) })
        {
            time.Advance(TimeSpan.FromMinutes(advance));
            Assert.That(await RouteAsync(router, "bob"), Is.True);
            Assert.That(await RouteAsync(router, "nobody"), Is.False);
            Assert.That(connector.Asked, Is.EqualTo(asked), $"after {advance} more minutes");
        }
    }

    [TestCase(451)]
    [TestCase(null)]
    public async Task A_host_that_does_not_say_refuses_nobody_and_is_asked_again(int? code)
    {
        var connector = new Connector { Reply = _ => code is { } given ? new SmtpReply(given, "4.3.0", "later") : null };
        using var router = new VerifyingRouter(new Router(Hop), connector, TimeProvider.System, NullLogger<VerifyingRouter>.Instance);
        Assert.That(await RouteAsync(router, "nobody"), Is.True);
        Assert.That(await RouteAsync(router, "nobody"), Is.True);
        Assert.That(connector.Asked, Is.EqualTo(2));
    }

    [Test]
    public async Task A_host_that_does_not_answer_in_twenty_seconds_refuses_nobody()
    {
        var time = new ManualTimeProvider();
        var connector = new Connector { Hangs = true };
        using var router = new VerifyingRouter(new Router(Hop), connector, time, NullLogger<VerifyingRouter>.Instance);
        var routing = RouteAsync(router, "bob");
        await connector.Entered.Task;
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.That(routing.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await routing, Is.True);
    }

    [Test]
    public async Task Only_a_named_host_is_asked()
    {
        var connector = new Connector { Reply = static _ => No };
        foreach (var hop in new[] { null, NextHop.Domain("inside.example") })
        {
            using var router = new VerifyingRouter(new Router(hop), connector, TimeProvider.System, NullLogger<VerifyingRouter>.Instance);
            Assert.That(await RouteAsync(router, "bob"), Is.True);
        }

        Assert.That(connector.Asked, Is.Zero);
    }

    [Test]
    public async Task Answers_are_kept_up_to_a_number([Values(0, 1)] int more)
    {
        var connector = new Connector { Reply = static _ => No };
        using var router = new VerifyingRouter(new Router(Hop), connector, TimeProvider.System, NullLogger<VerifyingRouter>.Instance);
        for (var i = 0; i < VerifyingRouter.MaxKept + more; i++)
        {
            await RouteAsync(router, $"u{i}");
        }

        var asked = connector.Asked;
        await RouteAsync(router, "u0");
        Assert.That(connector.Asked - asked, Is.EqualTo(more));
    }

    private static async Task<bool> RouteAsync(VerifyingRouter router, string user)
    {
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org" };
        var transaction = new MailTransaction("Q", session, new Envelope(ReversePath.Null), DateTimeOffset.UnixEpoch);
        return await router.RouteAsync(transaction, new Recipient(EmailAddress.Parse($"{user}@inside.example")), default) is RecipientRoute.Relay;
    }

    private sealed class Router(NextHop? hop) : IMessageRouter
    {
        public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
            new(new RecipientRoute.Relay(recipient.Address, hop));
    }

    private sealed class Connector : IRelayConnector
    {
        public Func<EmailAddress, SmtpReply?> Reply { get; init; } = static _ => null;

        public bool Hangs { get; init; }

        public int Asked { get; private set; }

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public NextHop FindHop(ReversePath sender, EmailAddress recipient) => throw new NotSupportedException();

        public string SessionKey(NextHop hop, ReversePath sender, MessageTls wish) => throw new NotSupportedException();

        public async ValueTask<RelayConnection> ConnectAsync(NextHop hop, ReversePath sender, MessageTls wish, CancellationToken cancellationToken)
        {
            Asked++;
            Entered.TrySetResult();
            if (Hangs)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return new RelayConnection(new Session(Reply), new RelayOutcome(RelayStatus.Sent, SmtpReply.Ok));
        }
    }

    private sealed class Session(Func<EmailAddress, SmtpReply?> reply) : RelaySession
    {
        public override string RemoteName => "inside.example";

        public override bool IsUsable => true;

        public override ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(RelayMessage message, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override ValueTask<SmtpReply?> ProbeAsync(EmailAddress recipient, CancellationToken cancellationToken) => new(reply(recipient));

        public override ValueTask DisposeAsync() => default;
    }
}
