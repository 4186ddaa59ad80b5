using System.Runtime.CompilerServices;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SessionTaskBuilderTests
{
    private static readonly AsyncLocal<int> Local = new();

    [Test]
    public async Task Results_and_exceptions_come_out_whether_the_method_waited_or_not([Values] bool waits)
    {
        Assert.That(await AddAsync(2, 3, waits), Is.EqualTo(5));
        Assert.That(async () => await FailAsync(waits), Throws.InvalidOperationException.With.Message.EqualTo("no"));
        Assert.That(async () => await CancelAsync(waits), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Calls_at_the_same_time_never_get_each_others_results()
    {
        var callers = Enumerable.Range(0, 400).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                Assert.That(await NestAsync(caller, i), Is.EqualTo((caller * 1_000) + i));
            }
        }));
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Test]
    public async Task What_the_method_puts_into_its_context_is_its_own_and_its_callers_reaches_it([Values] bool waits)
    {
        Local.Value = 7;
        Assert.That(await ChangeLocalAsync(waits), Is.EqualTo((7, 8)));
        Assert.That(Local.Value, Is.EqualTo(7));
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<int> AddAsync(int one, int other, bool waits)
    {
        if (waits)
        {
            await Task.Yield();
        }

        return one + other;
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<int> FailAsync(bool waits)
    {
        await AddAsync(1, 1, waits);
        throw new InvalidOperationException("no");
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<int> CancelAsync(bool waits)
    {
        await AddAsync(1, 1, waits);
        throw new OperationCanceledException();
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<int> NestAsync(int caller, int number)
    {
        var sum = 0;
        for (var i = 0; i < 4; i++)
        {
            sum += await AddAsync(caller * 250, i == 0 ? number : 0, (caller + number + i) % 3 != 0).ConfigureAwait(false);
        }

        return sum;
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<(int Before, int After)> ChangeLocalAsync(bool waits)
    {
        var before = Local.Value;
        Local.Value = 8;
        await AddAsync(1, 1, waits).ConfigureAwait(false);
        return (before, Local.Value);
    }
}
