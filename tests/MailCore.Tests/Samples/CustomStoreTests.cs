using CustomStore;
using MailCore.Storage;
using MailCore.Testing;
using MailCore.Testing.NUnit.Storage;
using MailCore.Testing.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Samples;

/// <summary>samples/CustomStore passes what its traits ask for, and so do the books that it is made with.</summary>
[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CustomStoreTests : MailStoreConformanceFixture
{
    [Test]
    public void It_is_shorter_than_200_lines_as_a_whole()
    {
        var files = Directory.GetFiles(Folder()).Where(static file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
        Assert.That(files, Has.Count.GreaterThanOrEqualTo(4));
        Assert.That(files.Sum(static file => File.ReadLines(file).Count()), Is.LessThan(200));
    }

    [Test]
    public void The_part_of_the_suite_that_it_runs_is_not_small() =>
        Assert.That(MailStoreConformance.Cases.Count(static conformance => (conformance.Requires & ~StoreTraits.Writes) == 0), Is.GreaterThanOrEqualTo(60));

    [Test]
    public async Task Tickets_are_messages_and_their_states_are_flags()
    {
        await using var target = new TicketTarget();
        var account = new AccountId("support@example.org");
        var desk = ((TicketStore)target.Store).Desk(account);
        desk.Open("Drücker klemmt", "It does.\r\n");
        desk.Open("Another", "");
        var opened = (await new MailAccounts(target.Store, new LocalChangeSignal(), target.Clock).OpenAsync(account))!;
        var inbox = (await opened.FindMailboxAsync(MailboxName.Inbox))!;
        await inbox.SetFlagsAsync([new Uid(1)], new FlagChange(FlagMode.Add, SystemFlags.Flagged));
        await inbox.RemoveAsync([new Uid(2)]);
        await inbox.AppendAsync(new MemoryStream("Subject: =?utf-8?Q?=C3=9Cber?= mail\r\n\r\nText\r\n"u8.ToArray()));

        Assert.That(desk.List.ToString(), Is.EqualTo("1 urgent Drücker klemmt\n3 Über mail"));
        Assert.That(await target.ReopenAsync());
        Assert.That(((TicketStore)target.Store).Desk(account).List.ToString(), Is.EqualTo("1 urgent Drücker klemmt\n3 Über mail"));
    }

    protected override Task<IConformanceTarget> CreateAsync(ConformanceOptions options) => Task.FromResult<IConformanceTarget>(new TicketTarget());

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MailCore.sln")))
            {
                return Path.Combine(folder.FullName, "samples", "CustomStore");
            }
        }

        throw new DirectoryNotFoundException("MailCore.sln is in no folder above the tests.");
    }

    private sealed class TicketTarget : IConformanceTarget
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mailcore-tickets-");

        public TicketTarget() => Store = new TicketStore(_folder.FullName, Clock);

        public IMailStore Store { get; private set; }

        public ManualTimeProvider Clock { get; } = new();

        public ValueTask<bool> ReopenAsync()
        {
            Store = new TicketStore(_folder.FullName, Clock);
            return ValueTask.FromResult(true);
        }

        public ValueTask DisposeAsync()
        {
            _folder.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
