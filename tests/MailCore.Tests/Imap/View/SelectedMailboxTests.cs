using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.View;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SelectedMailboxTests
{
    private static readonly Action<ViewServer, ModelClient, ModelClient>[] Moves =
    [
        static (server, _, _) => server.Append(),
        static (server, _, _) => server.Expunge(Known(server).Take(1)),
        static (server, _, _) => server.Expunge(Known(server).TakeLast(1)),
        static (server, _, _) => server.SetFlags(Known(server).Skip(1).Take(1), static flags => flags ^ 1),
        static (_, a, _) => a.Sync(mayExpunge: false),
        static (_, a, _) => a.Sync(mayExpunge: true),
        static (_, a, _) => StoreFirst(a, isSilent: true),
        static (_, _, b) => StoreFirst(b, isSilent: false),
    ];

    [Test]
    public void Every_order_of_five_moves_keeps_numbers_right()
    {
        var moves = new int[5];
        for (var run = 0; run < Math.Pow(Moves.Length, moves.Length); run++)
        {
            var rest = run;
            for (var i = 0; i < moves.Length; i++, rest /= Moves.Length)
            {
                moves[i] = rest % Moves.Length;
            }

            Play(moves);
        }
    }

    [Test]
    public void Random_interleavings_of_two_sessions_never_give_a_wrong_number([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var server = new ViewServer();
        server.Append(random.Next(0, 40));
        ModelClient[] clients = [new(server), new(server)];
        for (var step = 0; step < 300; step++)
        {
            var client = clients[random.Next(clients.Length)];
            switch (random.Next(9))
            {
                case 0 or 1:
                    server.Append(random.Next(1, 5));
                    break;
                case 2:
                    server.Expunge(Known(server).Where(_ => random.Next(4) == 0));
                    break;
                case 3:
                    server.SetFlags(Known(server).Where(_ => random.Next(3) == 0), flags => flags ^ (1UL << random.Next(10)));
                    break;
                case 4 or 5:
                    client.Sync(mayExpunge: false);
                    break;
                case 6:
                    client.Sync(mayExpunge: true);
                    break;
                default:
                    var chosen = Enumerable.Range(1, client.Mailbox.Count).Where(_ => random.Next(3) == 0).ToList();
                    client.Store(chosen, (FlagMode)random.Next(3), 1UL << random.Next(10), random.Next(2) == 0, random.Next(2) == 0);
                    break;
            }

            CheckSets(random, client);
        }

        foreach (var client in clients)
        {
            client.Sync(mayExpunge: true);
        }
    }

    [Test]
    public void An_expunge_under_a_client_keeps_the_number_of_the_departed_until_it_may_be_told()
    {
        var server = new ViewServer();
        server.Append(5);
        var mailbox = new SelectedMailbox(server.State);
        server.Expunge(new Uid(2), new Uid(4));
        var silent = mailbox.Update(server.State, UpdateRules.Withhold);
        Assert.That(silent.Expunged, Is.Empty);
        Assert.That(Enumerable.Range(1, 5).Select(mailbox.Numbers.UidAt).Select(static uid => uid.Value), Is.EqualTo(new uint[] { 1, 2, 3, 4, 5 }));
        Assert.That(mailbox.Numbers[2].IsDeparted, Is.True);
        Assert.That(mailbox.UidsOf(SequenceSet.From([new SequenceRange(1, 5)]), out var departed), Has.Length.EqualTo(3));
        Assert.That(departed, Is.EqualTo(2));
        server.Expunge(new Uid(1));
        Assert.That(mailbox.Update(server.State, UpdateRules.All).Expunged, Is.EqualTo(new[] { 1, 1, 2 }));
        Assert.That(mailbox.Count, Is.EqualTo(2));
    }

    [Test]
    public void Past_the_cap_on_departed_messages_a_session_goes_on_with_what_it_knows()
    {
        var server = new ViewServer();
        server.Append(SelectedMailbox.MaxDeparted + 2);
        var mailbox = new SelectedMailbox(server.State);
        server.Expunge(Known(server).Skip(1).Take(SelectedMailbox.MaxDeparted).ToList());
        mailbox.Update(server.State, UpdateRules.Withhold);
        Assert.That(mailbox.Numbers.Departed.Length, Is.EqualTo(SelectedMailbox.MaxDeparted));
        server.Expunge(new Uid(1));
        Assert.That(mailbox.Update(server.State, UpdateRules.Withhold), Is.SameAs(MailboxUpdate.Nothing));
        Assert.That(mailbox.Numbers.UidAt(1), Is.EqualTo(new Uid(1)));
        Assert.That(mailbox.Update(server.State, UpdateRules.All).Expunged.Count(), Is.EqualTo(SelectedMailbox.MaxDeparted + 1));
        Assert.That(mailbox.Count, Is.EqualTo(1));
    }

    [Test]
    public void Silent_hides_what_came_out_as_the_client_reckons_and_nothing_else()
    {
        var server = new ViewServer();
        server.Append(2);
        var mailbox = new SelectedMailbox(server.State);
        // Another session was faster with the first message.
        server.SetFlags([new Uid(1)], static flags => flags | 4);
        var own = new OwnChange([new Uid(1), new Uid(2)], FlagMode.Add, 1, IsSilent: true);
        server.SetFlags(own.Uids, own.Apply);
        var update = mailbox.Update(server.State, new UpdateRules(MayExpunge: false, Own: own));
        Assert.That(update.Changed.Select(static message => (message.Sequence, message.FlagWord)), Is.EqualTo(new[] { (1, 5UL) }));
    }

    [Test]
    public void Flags_that_changed_and_changed_back_are_not_told()
    {
        var server = new ViewServer();
        server.Append(1);
        var mailbox = new SelectedMailbox(server.State);
        server.SetFlags([new Uid(1)], static flags => flags | 1);
        server.SetFlags([new Uid(1)], static flags => flags & ~1UL);
        Assert.That(mailbox.Update(server.State, UpdateRules.All).Changed, Is.Empty);
    }

    [Test]
    public void New_keywords_are_told_once()
    {
        var server = new ViewServer();
        var mailbox = new SelectedMailbox(server.State);
        server.AddKeyword("Work");
        Assert.That(mailbox.Update(server.State, UpdateRules.Withhold).HasNewKeywords, Is.True);
        server.Append();
        var next = mailbox.Update(server.State, UpdateRules.Withhold);
        Assert.That((next.HasNewKeywords, next.Arrived), Is.EqualTo((false, 1)));
    }

    [Test]
    public void Recent_counts_only_what_this_session_claimed()
    {
        var server = new ViewServer();
        server.Append(10);
        var mailbox = new SelectedMailbox(server.State);
        mailbox.AddRecent(new Uid(3), new Uid(4));
        mailbox.AddRecent(new Uid(5), new Uid(6));
        mailbox.AddRecent(new Uid(9), new Uid(12));
        Assert.That(Enumerable.Range(1, 13).Where(uid => mailbox.IsRecent(new Uid((uint)uid))), Is.EqualTo(new[] { 3, 4, 5, 6, 9, 10, 11, 12 }));
        Assert.That(mailbox.RecentCount, Is.EqualTo(6));
        server.Expunge(new Uid(4), new Uid(10));
        mailbox.Update(server.State, UpdateRules.Withhold);
        Assert.That(mailbox.RecentCount, Is.EqualTo(6), "departed messages still count");
        mailbox.Update(server.State, UpdateRules.All);
        Assert.That(mailbox.RecentCount, Is.EqualTo(4));
    }

    [Test]
    public void A_session_over_a_million_messages_costs_less_than_100_kB()
    {
        var server = new ViewServer();
        server.Append(1_000_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var mailbox = new SelectedMailbox(server.State);
        mailbox.AddRecent(new Uid(1), new Uid(1_000_000));
        Assert.That(mailbox.Numbers.UidAt(777_777), Is.EqualTo(new Uid(777_777)));
        Assert.That(mailbox.RecentCount, Is.EqualTo(1_000_000));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000));

        server.Expunge(Known(server).Where(static uid => uid.Value % 10_000 == 0).ToList());
        before = GC.GetAllocatedBytesForCurrentThread();
        mailbox.Update(server.State, UpdateRules.Withhold);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
        Assert.That(mailbox.Count, Is.EqualTo(1_000_000));
    }

    private static void Play(int[] moves)
    {
        var server = new ViewServer();
        server.Append(3);
        var a = new ModelClient(server);
        var b = new ModelClient(server);
        try
        {
            foreach (var move in moves)
            {
                Moves[move](server, a, b);
            }

            a.Sync(mayExpunge: true);
            b.Sync(mayExpunge: true);
        }
        catch (AssertionException)
        {
            TestContext.Out.WriteLine($"Moves: {string.Join(' ', moves)}");
            throw;
        }
    }

    private static void StoreFirst(ModelClient client, bool isSilent) =>
        client.Store(client.Mailbox.Count == 0 ? [] : [1], FlagMode.Replace, 2, isSilent, mayExpunge: false);

    private static List<Uid> Known(ViewServer server) => server.Rows.Keys.Select(static uid => new Uid(uid)).ToList();

    private static void CheckSets(Random random, ModelClient client)
    {
        var count = client.Messages.Count;
        var ranges = Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => new NumberRange((uint)random.Next(0, count + 3), (uint)random.Next(0, count + 3))).ToArray();
        var set = new NumberSet(ranges);
        Assert.That(client.Mailbox.TryResolve(set, areUids: true, out var byUid), Is.True);
        Assert.That(Numbers(byUid), Is.EqualTo(Enumerable.Range(1, count).Where(sequence => Names(ranges, client.Messages[sequence - 1].Uid.Value, client.Messages[^1].Uid.Value))));

        var isValid = ranges.All(range => range.HasStar || Math.Max(range.First, range.Last) <= count);
        Assert.That(client.Mailbox.TryResolve(set, areUids: false, out var bySequence), Is.EqualTo(isValid));
        if (isValid)
        {
            Assert.That(Numbers(bySequence), Is.EqualTo(Enumerable.Range(1, count).Where(sequence => Names(ranges, (uint)sequence, (uint)count))));
        }
    }

    // RFC 3501 9: '*' is the highest in use, and a range that has it reaches no further than that.
    private static bool Names(NumberRange[] ranges, uint number, uint highest) => ranges.Any(range =>
    {
        var (low, high) = (Math.Min(range.First, range.Last), Math.Max(range.First, range.Last));
        return low != NumberRange.Star ? number >= low && number <= high
            : number >= (high == NumberRange.Star ? highest : Math.Min(high, highest)) && number <= highest;
    });

    private static List<int> Numbers(SequenceSet set)
    {
        var numbers = new List<int>();
        foreach (var sequence in set)
        {
            numbers.Add(sequence);
            Assert.That(set.Contains(sequence), Is.True);
        }

        Assert.That(set.Count, Is.EqualTo(numbers.Count));
        return numbers;
    }
}
