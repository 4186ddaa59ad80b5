using MailCore.Storage.InMemory;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Storage.InMemory;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InMemoryServerStateTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly InMemoryServerState _state;

    public InMemoryServerStateTests() => _state = new InMemoryServerState(_clock);

    [Test]
    public async Task A_value_lasts_until_it_expires()
    {
        await SetAsync("key", [1, 2], TimeSpan.FromMinutes(1));
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.That(await _state.GetAsync("key", default), Is.EqualTo(new byte[] { 1, 2 }));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await _state.GetAsync("key", default), Is.Null);
    }

    [Test]
    public async Task Values_are_replaced_removed_and_copied()
    {
        byte[] given = [1];
        await SetAsync("key", given, TimeSpan.FromDays(1));
        given[0] = 9;
        var taken = (await _state.GetAsync("key", default))!;
        Assert.That(taken, Is.EqualTo(new byte[] { 1 }));
        taken[0] = 9;
        Assert.That(await _state.GetAsync("key", default), Is.EqualTo(new byte[] { 1 }));
        Assert.That(await _state.GetAsync("KEY", default), Is.Null);
        await SetAsync("key", [], TimeSpan.FromDays(1));
        Assert.That(await _state.GetAsync("key", default), Is.Empty);
        await SetAsync("key", null, TimeSpan.FromDays(1));
        Assert.That(await _state.GetAsync("key", default), Is.Null);
    }

    [Test]
    public async Task Expired_values_do_not_pile_up()
    {
        for (var i = 0; i < 20_000; i++)
        {
            await SetAsync($"key{i}", [1], TimeSpan.FromMinutes(1));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_state.Count, Is.LessThan(2000));
    }

    [Test]
    public async Task There_are_never_more_entries_than_allowed_and_the_next_to_expire_goes_first()
    {
        var state = new InMemoryServerState(_clock, maxEntries: 10_000);
        await state.SetAsync("keep", new byte[1], _clock.GetUtcNow().AddDays(9), default);
        for (var i = 0; i < 20_000; i++)
        {
            await state.SetAsync($"key{i}", new byte[1], _clock.GetUtcNow().AddDays(1), default);
            Assert.That(state.Count, Is.LessThanOrEqualTo(10_000));
        }

        Assert.That(await state.GetAsync("keep", default), Is.Not.Null);
    }

    private async Task SetAsync(string key, byte[]? value, TimeSpan lifetime) =>
        await _state.SetAsync(key, value is null ? default(ReadOnlyMemory<byte>?) : value, _clock.GetUtcNow() + lifetime, default);
}
