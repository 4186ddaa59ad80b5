using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>A clock that goes back by years, while the store is open and between two openings.</summary>
public sealed class SqliteClockTests
{
    private readonly SteppedTime _time = new();
    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;
    private SqliteTestAccount _anna = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _folder = new SqliteTestFolder();
        await OpenStoreAsync();
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Uids_modseqs_and_uidvalidities_go_on_upwards(bool reopens)
    {
        var made = await _anna.CommitAsync(new CreateMailbox("Work"));
        await _anna.AppendAsync([1]);
        await _anna.CommitAsync(new DeleteMailbox(made.Changes[0].Mailbox));
        var before = await _anna.Reads.SnapshotAsync(default);
        await GoBackAsync(reopens);

        Assert.That(await _anna.AppendAsync([2]), Is.EqualTo(2));
        var again = await _anna.CommitAsync(new CreateMailbox("Work"));
        Assert.That(again.Changes[0].UidValidity, Is.GreaterThan(made.Changes[0].UidValidity));
        Assert.That(again.ModSeq!.Value, Is.GreaterThan(before.AsOf));
        var changes = await _anna.Reads.ChangesSinceAsync(before.AsOf, null, 100, default);
        Assert.That(changes.Truncated, Is.False);
        Assert.That(changes.Mailboxes.Select(static delta => delta.Info.Name), Is.EquivalentTo(new[] { "INBOX", "Work" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Nothing_is_removed_before_its_time_and_delivery_keys_still_hold(bool reopens)
    {
        await using (var content = await SqliteTestAccount.StageAsync(_store, [1, 2, 3]))
        {
            await _anna.CommitAsync(_anna.Append(content) with { DeliveryKey = "once" });
        }

        await _anna.CommitAsync(new Expunge(_anna.Inbox, [1], OnlyDeleted: false));
        await GoBackAsync(reopens);
        await _store.MaintainAsync();
        _time.Now += TimeSpan.FromMinutes(36);
        await _store.MaintainAsync();

        Assert.That(await _anna.HasContentAsync(1, [1, 2, 3]));
        await using var twice = await SqliteTestAccount.StageAsync(_store, [1, 2, 3]);
        await _anna.CommitAsync(_anna.Append(twice) with { DeliveryKey = "once" });
        Assert.That((await _anna.InboxInfoAsync()).Messages, Is.Zero);
    }

    private async Task GoBackAsync(bool reopens)
    {
        _time.Now -= TimeSpan.FromDays(5 * 365);
        if (reopens)
        {
            await _store.DisposeAsync();
            await OpenStoreAsync();
        }
    }

    private async Task OpenStoreAsync()
    {
        _store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { TimeProvider = _time });
        _anna = await SqliteTestAccount.OpenAsync(_store);
    }
}
