using System.Globalization;
using MailCore.Storage;

namespace MailCore.Testing.Storage;

/// <summary>Random batches on a store and on a model of it that is too simple to be wrong.</summary>
internal static class RandomCases
{
    private const int Seeds = 10;
    private const int Steps = 120;

    public static IEnumerable<ConformanceCase> All =>
        Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            string.Create(CultureInfo.InvariantCulture, $"Random_batches_do_as_the_model_does_seed_{seed}"),
            StoreTraits.Writes | StoreTraits.Mailboxes | StoreTraits.Keywords | StoreTraits.Quota | StoreTraits.Copy | StoreTraits.FaithfulContent,
            probe => RunAsync(probe, seed)));

    private static async Task RunAsync(StoreProbe s, int seed)
    {
        var random = new Random(seed);
        var model = new ModelAccount();
        var inbox = await s.FindAsync("INBOX");
        model.Mailboxes[inbox.Id] = new ModelMailbox("INBOX", inbox.UidNext.Value);
        await using var content = await s.StageAsync(new byte[100]);
        var mirror = new FeedMirror();
        for (var step = 0; step < Steps; step++)
        {
            var changes = Enumerable.Range(0, random.Next(1, 5)).Select(_ => NextChange(model, content, random)).ToArray();
            var trial = model.Clone();
            var expected = CommitError.None;
            var failedAt = -1;
            for (var i = 0; i < changes.Length && expected == CommitError.None; i++)
            {
                expected = trial.Apply(changes[i]);
                failedAt = expected == CommitError.None ? -1 : i;
            }

            var result = await s.CommitAsync(changes);
            Check.Equal(expected, result.Error, $"Step {step}, batch of {string.Join(", ", changes.Select(static change => change.GetType().Name))}");
            Check.Equal(failedAt, result.FailedAt, $"Change to blame in step {step}");
            if (expected == CommitError.None)
            {
                model = trial;
                model.Settle(changes, result);
            }

            if (step % 5 == 0 || step == Steps - 1)
            {
                mirror.Apply(await s.ChangesAsync(mirror.AsOf, null, int.MaxValue));
                await CompareAsync(s, model, mirror, step);
            }
        }
    }

    private static async Task CompareAsync(StoreProbe s, ModelAccount model, FeedMirror mirror, int step)
    {
        var snapshot = await s.SnapshotAsync();
        Check.Sequence(
            model.Mailboxes.Values.Select(static mailbox => mailbox.Name).Order(StringComparer.Ordinal),
            snapshot.Mailboxes.Select(static info => info.Name),
            $"Mailboxes after step {step}");
        Check.Sequence(model.Subscriptions, snapshot.Subscriptions.Order(StringComparer.Ordinal), $"Subscriptions after step {step}");
        Check.Equal(model.Used, snapshot.QuotaUsed, $"Quota used after step {step}");
        foreach (var (id, mailbox) in model.Mailboxes)
        {
            var load = await s.LoadAsync(id);
            Check.Equal(mailbox.Name, load.Info.Name, $"Name after step {step}");
            Check.Sequence(
                mailbox.Rows.Select(static row => row.Value.Describe(row.Key)),
                load.Rows.Select(row => ModelRow.Describe(row.Uid.Value, row.Flags, load.KeywordsOf(row), row.Size)),
                $"Rows of {mailbox.Name} after step {step}");
            mirror.CheckSame(load);
        }
    }

    private static StoreChange NextChange(ModelAccount model, StagedContent content, Random random)
    {
        var ids = model.Mailboxes.Keys.OrderBy(static id => id.Value, StringComparer.Ordinal).ToArray();
        var id = random.Next(20) == 0 ? new MailboxId("no-such-mailbox") : ids[random.Next(ids.Length)];
        var other = ids[random.Next(ids.Length)];
        var highest = model.Mailboxes.TryGetValue(id, out var mailbox) ? mailbox.UidNext : 5;
        uint[] uids = [.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => (uint)random.NextInt64(1, highest + 2)).Distinct()];
        var flags = (SystemFlags)random.Next(32);
        string[] keywords = [.. Enumerable.Range(0, random.Next(3)).Select(_ => $"k{random.Next(80)}").Distinct()];
        return random.Next(14) switch
        {
            0 or 1 or 2 or 3 => StoreProbe.Message(id, content, flags, keywords) with { Prefix = new byte[random.Next(50)], IgnoreQuota = random.Next(4) == 0 },
            4 or 5 => new SetFlags(id, uids, (FlagMode)random.Next(3), flags, keywords, null),
            6 => new Expunge(id, uids, OnlyDeleted: random.Next(2) == 0),
            7 => new Copy(id, uids, other, Move: true),
            8 => new Copy(id, uids, other, Move: false),
            9 => new CreateMailbox(Name()),
            10 => new RenameMailbox(id, Name()),
            11 => new DeleteMailbox(random.Next(3) == 0 ? id : new MailboxId("no-such-mailbox")),
            12 => new Subscribe(Name(), random.Next(3) != 0),
            _ => new SetQuota(random.Next(3) == 0 ? null : model.Used + random.Next(1000), random.Next(2) == 0 ? null : random.Next(60)),
        };

        string Name() => string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"n{random.Next(4)}"));
    }
}
