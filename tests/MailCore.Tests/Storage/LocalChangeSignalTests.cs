using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LocalChangeSignalTests
{
    private static readonly AccountId Alice = new("alice");

    private readonly LocalChangeSignal _signal = new();

    [Test]
    public async Task All_listeners_of_the_account_hear_and_no_others()
    {
        var heard = new List<string>();
        using var one = _signal.Listen(Alice, hint => heard.Add($"one {hint.ModSeq}"));
        using var two = _signal.Listen(Alice, hint => heard.Add($"two {hint.ModSeq}"));
        using var other = _signal.Listen(new AccountId("ALICE"), hint => heard.Add($"other {hint.ModSeq}"));
        await _signal.RaiseAsync(Alice, new ChangeHint(new ModSeq(7)));
        await _signal.RaiseAsync(new AccountId("nobody"), new ChangeHint(new ModSeq(8)));
        Assert.That(heard, Is.EqualTo(new[] { "one 7", "two 7" }));
    }

    [Test]
    public async Task Disposal_leaves_nothing_behind_and_may_happen_in_the_callback()
    {
        var heard = 0;
        IDisposable? listening = null;
        listening = _signal.Listen(Alice, _ =>
        {
            heard++;
            listening!.Dispose();
            listening.Dispose();
        });
        await _signal.RaiseAsync(Alice, new ChangeHint(new ModSeq(1)));
        await _signal.RaiseAsync(Alice, new ChangeHint(new ModSeq(2)));
        Assert.That(heard, Is.EqualTo(1));
        Assert.That(_signal.Count, Is.Zero);
    }

    [Test]
    public async Task Listening_and_raising_at_once_loses_no_listener()
    {
        using var stop = new CancellationTokenSource();
        var raising = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await _signal.RaiseAsync(Alice, new ChangeHint(new ModSeq(1)));
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _signal.Listen(Alice, static _ => { }).Dispose();
            }
        })));
        await stop.CancelAsync();
        await raising;
        Assert.That(_signal.Count, Is.Zero);
    }
}
