using System.Diagnostics.Metrics;
using System.Threading.Channels;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

/// <summary>How many connections there are at once, and what the meter says of the queue. Other servers answer when they are told to.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RelayLimitsTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private static readonly SmtpReply Later = new(451, "4.4.1", "no answer");

    private readonly ManualTimeProvider _clock = new();
    private readonly FakeConnector _others = new();
    private readonly Channel<bool> _answers = Channel.CreateUnbounded<bool>();
    private ServiceProvider _services = null!;
    private MailServer _server = null!;

    private IRelayQueue Queue => _server.Relay!.Queue;

    [TearDown]
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Test]
    public async Task Each_message_taken_allows_one_more_connection_up_to_the_destination_s_limit()
    {
        await StartAsync(static options => (options.InitialConnectionsPerDestination, options.MaxConnectionsPerDestination) = (3, 5));
        await SendAsync(60, static _ => "x@far.example");

        await UntilAsync(() => _others.MostOpen == 3);
        foreach (var most in new[] { 4, 5 })
        {
            Answer();
            await UntilAsync(() => _others.MostOpen == most);
        }

        Answer(1_000);
        await UntilAsync(() => _others.Sent.Count == 60);
        Assert.That(_others.MostOpen, Is.EqualTo(5));
    }

    [Test]
    public async Task An_outage_halves_a_destination_s_connections_once_however_many_hear_of_it()
    {
        var isDead = true;
        var dialing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(static options => options.InitialConnectionsPerDestination = 8);
        // Everybody dials before anybody is answered.
        _others.OnDial = _ => Volatile.Read(ref isDead) ? dialing.Task : Task.CompletedTask;
        _others.OnConnect = _ => Volatile.Read(ref isDead) ? Later : null;
        await SendAsync(60, static _ => "x@far.example");
        await UntilAsync(() => _others.Total == 8);
        dialing.SetResult();
        await UntilAsync(() => Leased() == 0);

        Volatile.Write(ref isDead, false);
        await UntilAsync(() =>
        {
            if (_others.MostOpen == 0)
            {
                _clock.Advance(TimeSpan.FromSeconds(30));
            }

            return _others.MostOpen == 4;
        });
        Answer();
        await UntilAsync(() => _others.MostOpen == 5);
        Answer(1_000);
        await UntilAsync(() => _others.Sent.Count == 60);
    }

    [Test]
    public async Task All_destinations_together_have_no_more_connections_than_the_overall_limit()
    {
        await StartAsync(static options => (options.MaxConnections, options.ConnectionIdleTime) = (3, TimeSpan.Zero));
        await SendAsync(50, static number => $"x@far{number % 10}.example");

        await UntilAsync(() => _others.MostOpen == 3);
        Answer(1_000);
        await UntilAsync(() => _others.Sent.Count == 50);
        Assert.That(_others.MostOpen, Is.EqualTo(3));
        Assert.That(_others.Connections, Has.Count.EqualTo(10));
    }

    [Test]
    public async Task The_meter_counts_attempts_and_notifications_and_shows_each_lane_s_backlog()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        await StartAsync(static _ => { });
        var meters = _services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name == "MailCore.Relay")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        _others.OnConnect = static hop => hop.Host == "dead.example" ? Later : null;
        _others.OnRecipient = static (_, recipient) => recipient.Address.LocalPart == "no" ? new SmtpReply(550, "5.1.1", "unknown here") : SmtpReply.Ok;
        Answer(1_000);

        await SendAsync(1, static _ => "x@dead.example", "yes@far.example", "no@far.example");
        await UntilAsync(() => _others.Connections.Count == 2 && Queue.Measure().Sum(static lane => lane.Items) == 1 && Leased() == 0);
        await Queue.ChangeAsync(QueueFilter.All, QueueAction.Hold, CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(90));
        listener.RecordObservableInstruments();

        Assert.That(Take("attempts remote sent"), Is.EqualTo(1));
        Assert.That(Take("attempts remote failed"), Is.EqualTo(1));
        Assert.That(Take("attempts remote deferred"), Is.EqualTo(1));
        Assert.That(Take("attempt.duration remote"), Is.Positive);
        Assert.That(Take("notifications"), Is.EqualTo(1));
        Assert.That(Take("queue.items remote"), Is.EqualTo(1));
        Assert.That(Take("queue.held remote"), Is.EqualTo(1));
        Assert.That(Take("queue.octets remote"), Is.EqualTo(Queue.Measure().Single().Octets).And.Positive);
        Assert.That(Take("queue.age remote"), Is.EqualTo(90));
        Assert.That(seen, Is.Empty);

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var name = string.Join(' ', [instrument.Name["mailcore.relay.".Length..], .. tags.ToArray().Select(static tag => (string)tag.Value!)]);
            lock (seen)
            {
                seen[name] = seen.GetValueOrDefault(name) + value;
            }
        }

        double Take(string name)
        {
            lock (seen)
            {
                return seen.Remove(name, out var value) ? value : double.NaN;
            }
        }
    }

    private async Task StartAsync(Action<RelayOptions> configure)
    {
        _others.OnSend = _ => _answers.Reader.ReadAsync().AsTask();
        var services = new ServiceCollection().AddMetrics();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddMailServer(mail =>
        {
            mail.HostName = "mx.ours.example";
            mail.AddAccount("anna@ours.example").UseInMemoryStore();
            mail.ListenLmtp(0);
            mail.UseRelay(relay => configure(relay.Options));
            mail.Services.Replace(ServiceDescriptor.Singleton<IRelayConnector>(_others));
        });
        _services = services.BuildServiceProvider();
        _server = _services.GetRequiredService<MailServer>();
        await _server.StartAsync(CancellationToken.None);
    }

    private async Task SendAsync(int messages, Func<int, string> recipient, params string[] others)
    {
        for (var number = 0; number < messages; number++)
        {
            var envelope = new Envelope(new ReversePath(EmailAddress.Parse("anna@ours.example")));
            envelope.Recipients.AddRange(others.Prepend(recipient(number)).Select(static address => new Recipient(EmailAddress.Parse(address))));
            var result = await _services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("Subject: test\r\n\r\nHello\r\n"u8.ToArray()), CancellationToken.None);
            Assert.That(result.Replies, Has.All.Property(nameof(SmtpReply.IsPositive)).True);
        }
    }

    private void Answer(int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _answers.Writer.TryWrite(true);
        }
    }

    private int Leased() => Queue.ListAsync(QueueFilter.All, CancellationToken.None).AsTask().Result.Count(static item => item.IsLeased);

    private static async Task UntilAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(started), Is.LessThan(Guard), "It never came about.");
            await Task.Delay(2);
        }
    }
}
