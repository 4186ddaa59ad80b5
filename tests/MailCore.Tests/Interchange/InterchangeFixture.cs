using System.Text;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Interchange;

/// <summary>Two unused accounts and a folder for files of other programs.</summary>
public abstract class InterchangeFixture
{
    private SqliteMailStore _store = null!;

    protected string Folder { get; private set; } = "";

    protected MailAccounts Accounts { get; private set; } = null!;

    [SetUp]
    public void Open()
    {
        Folder = Directory.CreateTempSubdirectory("mailcore-interchange-").FullName;
        _store = SqliteMailStore.Open(Path.Combine(Folder, "data"), new SqliteStoreOptions { SurvivesPowerLoss = false });
        Accounts = new MailAccounts(_store, new LocalChangeSignal(), TimeProvider.System);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    protected async Task<MailAccount> OpenAsync(string name) => (await Accounts.OpenAsync(new AccountId(name)))!;

    protected static async Task AppendAsync(Mailbox mailbox, string text, SystemFlags flags = SystemFlags.None, string[]? keywords = null, DateTimeOffset? date = null)
    {
        var options = new AppendOptions { Flags = flags, Keywords = keywords ?? [], InternalDate = date };
        Assert.That((await mailbox.AppendAsync(new MemoryStream(Encoding.Latin1.GetBytes(text)), options)).Succeeded);
    }

    protected static async Task<Mailbox> MakeAsync(MailAccount account, string name, uint? uidValidity = null)
    {
        await account.CommitAsync([new CreateMailbox(name, uidValidity)]);
        return (await account.FindMailboxAsync(MailboxName.Parse(name)))!;
    }

    /// <summary>All that a client can see of an account.</summary>
    protected static async Task<List<string>> DescribeAsync(MailAccount account)
    {
        var lines = new List<string>();
        var snapshot = await account.SnapshotAsync();
        lines.AddRange(snapshot.Subscriptions.Order(StringComparer.Ordinal).Select(static name => $"subscribed {name}"));
        foreach (var info in snapshot.Mailboxes)
        {
            lines.Add($"{info.Name} V{info.UidValidity} N{info.UidNext}");
            var mailbox = account.OpenMailbox(info.Id);
            var state = (await mailbox.OpenViewAsync())!.State;
            for (var rank = 0; rank < state.Count; rank++)
            {
                var row = state[rank];
                var details = (await mailbox.ReadBatchAsync(new[] { row.Uid }, MessageFields.All))[0];
                await using var content = (await mailbox.OpenContentAsync(details))!;
                var keywords = info.Keywords.Where((_, index) => (row.FlagWord >> (8 + index) & 1) != 0).Order(StringComparer.Ordinal);
                using var reader = new StreamReader(content.AsStream(), Encoding.Latin1);
                lines.Add($"{row.Uid} {row.Flags} [{string.Join(' ', keywords)}] {details.InternalDate.UtcDateTime:u} {await reader.ReadToEndAsync()}");
            }
        }

        return lines;
    }
}
