using MailCore.Imap.View;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.View;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ResyncRequestTests
{
    [Test]
    public void A_client_that_leaves_and_returns_at_any_time_knows_what_the_server_has([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        var server = new ViewServer();
        server.Append(random.Next(0, 30));
        ReturningClient[] clients = [new(server, random), new(server, random), new(server, random)];
        for (var step = 0; step < 300; step++)
        {
            var client = clients[random.Next(clients.Length)];
            switch (random.Next(8))
            {
                case 0:
                    server.Append(random.Next(1, 4));
                    break;
                case 1:
                    server.Expunge(server.Rows.Keys.Where(_ => random.Next(5) == 0).Select(static uid => new Uid(uid)).ToList());
                    break;
                case 2:
                    server.SetFlags(server.Rows.Keys.Where(_ => random.Next(3) == 0).Select(static uid => new Uid(uid)).ToList(), flags => flags ^ (1UL << random.Next(8)));
                    break;
                case 3:
                    client.Leave();
                    break;
                default:
                    client.Act((FlagMode)random.Next(3), 1UL << random.Next(8));
                    break;
            }
        }

        foreach (var client in clients)
        {
            client.Return(history: true);
        }
    }

    [Test]
    public void History_that_reaches_back_tells_exactly_what_left()
    {
        var server = Expunged(10, 2, 3, 7);
        Assert.That(Vanished(server, UidSet.All, "1:10", hasHistory: true), Is.EqualTo("2:3,7"));
        Assert.That(Vanished(server, UidSet.Parse("3:8"), null, hasHistory: true), Is.EqualTo("3,7"));
        Assert.That(Vanished(server, UidSet.Parse("1,9"), null, hasHistory: true), Is.Empty);
    }

    [Test]
    public void Truncated_history_tells_every_known_uid_that_is_not_there()
    {
        var server = Expunged(10, 2, 3, 7, 10);
        Assert.That(Vanished(server, UidSet.All, null, hasHistory: false), Is.EqualTo("2:3,7,10"));
        Assert.That(Vanished(server, UidSet.Parse("3:6,9:30"), null, hasHistory: false), Is.EqualTo("3,10"));
        Assert.That(Vanished(server, UidSet.Parse("11:4294967295"), null, hasHistory: false), Is.Empty, "UIDs not given yet can't have left");
    }

    [Test]
    public void Matching_numbers_spare_what_lies_before_them()
    {
        var server = Expunged(10, 2, 7);
        // 1, 3, 4, 5, 6, 8, 9, 10 are numbered 1 to 8.
        Assert.That(Vanished(server, UidSet.All, "1:6;1,3:6,8", hasHistory: false), Is.Empty);
        Assert.That(Vanished(server, UidSet.All, "1:4;1,3:5", hasHistory: false), Is.EqualTo("7"));
        Assert.That(Vanished(server, UidSet.All, "1:3;1:3", hasHistory: false), Is.EqualTo("2,7"), "only the first still matches");
        Assert.That(Vanished(server, UidSet.All, "20;20", hasHistory: false), Is.EqualTo("2,7"));
        Assert.That(Vanished(server, UidSet.All, "1:4294967295;1:4294967295", hasHistory: false), Is.EqualTo("2,7"));
    }

    [Test]
    public void An_empty_mailbox_has_nothing_to_tell()
    {
        Assert.That(Vanished(new ViewServer(), UidSet.All, null, hasHistory: false), Is.Empty);
        Assert.That(Vanished(Expunged(2, 1, 2), UidSet.All, null, hasHistory: false), Is.EqualTo("1:2"));
    }

    private static ViewServer Expunged(int messages, params uint[] uids)
    {
        var server = new ViewServer();
        server.Append(messages);
        server.Expunge(uids.Select(static uid => new Uid(uid)).ToList());
        return server;
    }

    private static string Vanished(ViewServer server, UidSet known, string? matches, bool hasHistory)
    {
        var pairs = matches is null || !matches.Contains(';', StringComparison.Ordinal)
            ? SequenceMatches.None
            : new SequenceMatches(UidSet.Parse(matches.Split(';')[0]), UidSet.Parse(matches.Split(';')[1]));
        var request = new ResyncRequest(1, new ModSeq(2), known, pairs);
        return request.Vanished(server.State, hasHistory ? server.VanishedSince(request.Since) : null).ToString();
    }
}
