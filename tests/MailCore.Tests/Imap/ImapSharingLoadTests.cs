using System.Collections.Concurrent;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>
/// Three users at once on a mailbox whose list changes all the while, against a model: of every command it is known which lists can
/// have been in force between its first octet and its reply, and what it did must have been allowed by one of them.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSharingLoadTests
{
    private const string Name = "\"Other Users/bob/Work\"";
    private const int Rounds = 120;

    private static readonly string[] Users = ["amy", "eve", "dan"];

    [Test]
    public Task Nobody_sees_or_changes_what_the_rights_forbid([Range(1, 4)] int seed) => RunAsync(null, seed);

    [Test]
    public async Task Nor_in_a_store_on_disk([Range(5, 6)] int seed)
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-sharing-").FullName;
        try
        {
            await using var store = SqliteMailStore.Open(folder, new SqliteStoreOptions { SurvivesPowerLoss = false });
            await RunAsync(store, seed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(IMailStore? store, int seed)
    {
        await using var server = new ImapTestServer();
        if (store is not null)
        {
            server.UseStore(store);
        }

        await server.AddUserAsync();
        var work = await server.MailboxAsync("Work");
        await server.AppendAsync("from bob 0"u8.ToArray(), null, work);
        var model = new Model();
        foreach (var user in Users)
        {
            await server.AddUserAsync(user);
            model.Histories[user] = new History();
        }

        var running = Users.Select((user, i) => Task.Run(() => UseAsync(server, model, user, new Random(seed * 100 + i)))).ToList();
        await ChangeAsync(server, work, model, new Random(seed), Task.WhenAll(running));
        await Task.WhenAll(running);
        TestContext.Out.WriteLine($"{model.Checked} commands, {model.Allowed} of them allowed, {model.Byes} sessions ended");
        Assert.That(model.Faults, Is.Empty);
        Assert.That(model.Allowed, Is.GreaterThan(20));
        Assert.That(model.Checked - model.Allowed, Is.GreaterThan(20));
        await CheckContentAsync(server, work, model);
    }

    // bob, with a session of his own.
    private static async Task ChangeAsync(ImapTestServer server, Mailbox work, Model model, Random random, Task running)
    {
        await using var bob = await server.ClientAsync();
        await bob.OkAsync("LOGIN bob secret");
        for (var i = 1; !running.IsCompleted; i++)
        {
            var user = Users[random.Next(Users.Length)];
            // Often nearly all, so that something happens; sometimes next to nothing.
            var rights = (MailboxRights)random.Next((int)MailboxRights.All + 1) | (random.Next(3) > 0 ? MailboxRights.Lookup | MailboxRights.Read | MailboxRights.Insert : 0);
            var change = model.Histories[user].Begin(rights, model.Tick());
            await bob.OkAsync($"SETACL Work {user} \"{RightsText.Format(rights)}\"");
            change.Ends(model.Tick());
            model.HasChanged();
            if (random.Next(3) == 0)
            {
                await bob.OkAsync($"APPEND Work {{{8 + i.ToString(System.Globalization.CultureInfo.InvariantCulture).Length}+}}\r\nfrom bob{i}");
            }
        }
    }

    private static async Task UseAsync(ImapTestServer server, Model model, string user, Random random)
    {
        ImapTestClient? client = null;
        var isSelected = false;
        for (var round = 0; round < Rounds; round++)
        {
            if (client is null)
            {
                client = await server.ClientAsync();
                await client.OkAsync($"LOGIN {user} secret");
                isSelected = false;
            }

            if (random.Next(3) == 0)
            {
                // So that some lists change between two commands, and others during one.
                await model.AnotherChangeAsync();
            }

            var text = $"{user} {round}";
            var (command, needed) = Next(random, isSelected, text);
            var begun = model.Tick();
            var answer = await client.RunAsync(command);
            model.Check(user, new Outcome(command, needed, answer, begun, model.Tick()));
            isSelected = command.StartsWith("SELECT", StringComparison.Ordinal) ? answer[^1].Contains(" OK ", StringComparison.Ordinal) : isSelected;
            if (command.StartsWith("APPEND", StringComparison.Ordinal) && answer[^1].Contains(" OK ", StringComparison.Ordinal))
            {
                model.Appended.TryAdd(text, true);
            }

            if (answer.Any(static line => line.StartsWith("* BYE", StringComparison.Ordinal)))
            {
                model.CountBye();
                await client.DisposeAsync();
                client = null;
            }
        }

        if (client is not null)
        {
            await client.DisposeAsync();
        }
    }

    private static (string Command, MailboxOperation Needed) Next(Random random, bool isSelected, string text) => random.Next(isSelected ? 14 : 5) switch
    {
        0 => ($"STATUS {Name} (MESSAGES)", MailboxOperation.Read),
        1 => ($"LIST \"\" {Name}", MailboxOperation.Lookup),
        2 => ($"APPEND {Name} {{{text.Length}+}}\r\n{text}", MailboxOperation.Insert),
        3 => ($"GETACL {Name}", MailboxOperation.Administer),
        4 => ($"SELECT {Name}", MailboxOperation.Read),
        5 or 6 => ("UID FETCH * (UID BODY.PEEK[])", MailboxOperation.Read),
        7 => ("NOOP", MailboxOperation.Read),
        8 => ("UID SEARCH ALL", MailboxOperation.Read),
        9 => ("UID STORE * +FLAGS (\\Seen)", MailboxOperation.StoreSeen),
        10 => ("UID STORE * +FLAGS (\\Deleted)", MailboxOperation.StoreDeleted),
        11 => ("UID STORE * -FLAGS (\\Flagged)", MailboxOperation.StoreFlags),
        12 => ("EXPUNGE", MailboxOperation.Expunge),
        _ => ("UID COPY * INBOX", MailboxOperation.Read),
    };

    // What was refused is nowhere, and what was let in is at most gone again.
    private static async Task CheckContentAsync(ImapTestServer server, Mailbox work, Model model)
    {
        await using var bob = await server.SelectedAsync("Work");
        var found = (await bob.OkAsync("FETCH 1:* BODY.PEEK[]"))
            .SelectMany(static response => response.Split("\r\n").Skip(1)).Select(static line => line.TrimEnd(')')).ToList();
        Assert.That(found.Where(text => !text.StartsWith("from bob", StringComparison.Ordinal) && !model.Appended.ContainsKey(text)), Is.Empty);
        Assert.That((await work.GetInfoAsync())!.Messages, Is.EqualTo(found.Count));
    }

    private sealed record Outcome(string Command, MailboxOperation Needed, IReadOnlyList<string> Answer, long Begun, long Ended);

    /// <summary>One list that a user has had: perhaps in force from the first octet that asked for it, surely from the reply on.</summary>
    private sealed class Change(MailboxRights rights, long asked)
    {
        private long _done = long.MaxValue;

        public MailboxRights Rights => rights;

        public long Asked => asked;

        public long Done => Volatile.Read(ref _done);

        public void Ends(long tick) => Volatile.Write(ref _done, tick);
    }

    private sealed class History
    {
        private readonly ConcurrentQueue<Change> _changes = new();

        public History()
        {
            Begin(MailboxRights.None, 0).Ends(0);
        }

        public Change Begin(MailboxRights rights, long tick)
        {
            var change = new Change(rights, tick);
            _changes.Enqueue(change);
            return change;
        }

        // A list can be in force until the reply to the next one.
        public IEnumerable<MailboxRights> Between(long begun, long ended)
        {
            var changes = _changes.ToArray();
            return changes.Where((change, i) => change.Asked <= ended && (i + 1 == changes.Length || changes[i + 1].Done >= begun)).Select(static change => change.Rights);
        }
    }

    private sealed class Model
    {
        private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _tick;
        private int _checked;
        private int _allowed;
        private int _byes;

        public ConcurrentDictionary<string, History> Histories { get; } = new();

        public ConcurrentDictionary<string, bool> Appended { get; } = new();

        public ConcurrentQueue<string> Faults { get; } = new();

        public int Checked => _checked;

        public int Allowed => _allowed;

        public int Byes => _byes;

        public Task AnotherChangeAsync() => Volatile.Read(ref _change).Task;

        public void HasChanged() =>
            Interlocked.Exchange(ref _change, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public long Tick() => Interlocked.Increment(ref _tick);

        public void CountBye() => Interlocked.Increment(ref _byes);

        public void Check(string user, Outcome outcome)
        {
            Interlocked.Increment(ref _checked);
            var lists = Histories[user].Between(outcome.Begun, outcome.Ended).ToList();
            var tagged = outcome.Answer[^1];
            var wasAllowed = tagged.Contains(" OK ", StringComparison.Ordinal)
                && (!outcome.Command.StartsWith("LIST", StringComparison.Ordinal) || outcome.Answer.Count > 1);
            // Expunged by another meanwhile; or selected when nothing could be altered.
            var isUndecided = tagged.Contains("EXPUNGEISSUED", StringComparison.Ordinal) || tagged.Contains("[READ-ONLY] The mailbox", StringComparison.Ordinal);
            if (wasAllowed)
            {
                Interlocked.Increment(ref _allowed);
            }

            // The selected mailbox is gone, which comes before what was asked for.
            var isGone = outcome.Answer[0].StartsWith("* BYE", StringComparison.Ordinal);
            if (!isUndecided && !lists.Exists(rights => MailboxPermissions.Allows(rights, isGone ? MailboxOperation.Read : outcome.Needed) == wasAllowed))
            {
                Faults.Enqueue($"{user}: {outcome.Command}: {tagged} with {string.Join(" or ", lists)}");
            }

            // Told unasked, too.
            var isTold = outcome.Answer.Any(static line => line.EndsWith(" EXISTS", StringComparison.Ordinal) || line.Contains(" FETCH (", StringComparison.Ordinal));
            if (isTold && !lists.Exists(static rights => MailboxPermissions.Allows(rights, MailboxOperation.Read)))
            {
                Faults.Enqueue($"{user}: {outcome.Command} told of messages with {string.Join(" or ", lists)}");
            }

            // What is missing and what is forbidden are two things.
            if (tagged.Contains("[NOPERM]", StringComparison.Ordinal) && !lists.Exists(static rights => rights.HasFlag(MailboxRights.Lookup)))
            {
                Faults.Enqueue($"{user}: {outcome.Command} told that the mailbox is there with {string.Join(" or ", lists)}");
            }
        }
    }
}
