using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Sessions on one mailbox, each with a client that believes what it is told and nothing else.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class ImapTwoSessionTests
{
    [Test]
    public Task Random_commands_of_three_sessions_never_give_a_wrong_number([Range(1, 12)] int seed) => RunAsync(async clients =>
    {
        var random = new Random(seed);
        for (var step = 0; step < 150; step++)
        {
            await clients[random.Next(clients.Count)].ActAsync(random);
        }
    });

    [Test]
    public Task Nor_do_three_sessions_that_run_at_the_same_time([Range(1, 6)] int seed) => RunAsync(clients => Task.WhenAll(clients.Select((client, index) => Task.Run(async () =>
    {
        var random = new Random((seed * 10) + index);
        for (var step = 0; step < 100; step++)
        {
            await client.ActAsync(random);
        }
    }))));

    private static async Task RunAsync(Func<List<Believer>, Task> act)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.MailboxAsync("Other");
        for (var i = 0; i < 8; i++)
        {
            await server.AppendAsync("x"u8.ToArray());
        }

        var clients = new List<Believer>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await Believer.SelectAsync(server));
        }

        await act(clients);
        var rows = (await (await server.MailboxAsync()).OpenViewAsync())!.State;
        foreach (var client in clients)
        {
            await client.RunAsync("NOOP");
            await client.RunAsync("UID FETCH 1:* FLAGS");
            Assert.That(client.Uids, Is.EqualTo(rows.Range(0, int.MaxValue).Select(static row => row.Uid.Value)));
            await client.DisposeAsync();
        }
    }

    private sealed partial class Believer(ImapTestClient client) : IAsyncDisposable
    {
        // 0 until the client has asked for it.
        private readonly List<uint> _uids = [];

        public IReadOnlyList<uint> Uids => _uids;

        [GeneratedRegex(@"^\* (?<number>\d+) (?<name>EXISTS|EXPUNGE|FETCH)(?<rest>.*)$")]
        private static partial Regex Untagged { get; }

        [GeneratedRegex(@"UID (?<uid>\d+)")]
        private static partial Regex UidItem { get; }

        public static async Task<Believer> SelectAsync(ImapTestServer server)
        {
            var believer = new Believer(await server.ClientAsync());
            await believer.RunAsync("LOGIN bob secret");
            await believer.RunAsync("SELECT INBOX");
            return believer;
        }

        public async Task ActAsync(Random random)
        {
            var some = _uids.Count == 0 ? "1:*" : $"{random.Next(1, _uids.Count + 1)}:{random.Next(1, _uids.Count + 1)}";
            var known = string.Join(',', _uids.Where(static uid => uid != 0).Where(_ => random.Next(3) == 0).DefaultIfEmpty(1u));
            await RunAsync(random.Next(14) switch
            {
                0 => "NOOP",
                1 => "APPEND INBOX {1+}\r\nx",
                2 => $"STORE {some} +FLAGS (\\Deleted)",
                3 => $"STORE {some} -FLAGS.SILENT (\\Deleted)",
                4 => $"UID STORE {known} +FLAGS.SILENT (\\Deleted)",
                5 => "EXPUNGE",
                6 => $"UID EXPUNGE {known}",
                7 => $"COPY {some} INBOX",
                8 => $"UID MOVE {known} Other",
                9 => $"FETCH {some} (UID FLAGS)",
                10 => $"FETCH {some} (UID BODY[])",
                11 => "SEARCH UNDELETED",
                12 => "UID FETCH 1:* FLAGS",
                _ => "CHECK",
            });
        }

        public async Task RunAsync(string command)
        {
            var isByNumber = command.StartsWith("FETCH", StringComparison.Ordinal) || command.StartsWith("STORE", StringComparison.Ordinal) || command.StartsWith("SEARCH", StringComparison.Ordinal);
            var responses = await client.RunAsync(command);
            Assert.That(responses[^1], Does.Match("^T\\d+ (OK|NO \\[(EXPUNGEISSUED|TRYCREATE)\\])"), command);
            foreach (var response in responses)
            {
                if (Untagged.Match(response.Split('\r')[0]) is { Success: true } match)
                {
                    Take(int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture), match.Groups["name"].Value, match.Groups["rest"].Value, isByNumber);
                }
                else if (response.StartsWith("* SEARCH", StringComparison.Ordinal) && response.Length > 9)
                {
                    Assert.That(response[9..].Split(' ').Select(int.Parse), Has.All.InRange(1, _uids.Count));
                }
            }
        }

        public ValueTask DisposeAsync() => client.DisposeAsync();

        private void Take(int number, string name, string rest, bool isByNumber)
        {
            switch (name)
            {
                case "EXISTS":
                    Assert.That(number, Is.GreaterThanOrEqualTo(_uids.Count), "EXISTS may not shrink the mailbox");
                    _uids.AddRange(Enumerable.Repeat(0u, number - _uids.Count));
                    break;
                case "EXPUNGE":
                    Assert.That(isByNumber, Is.False, "EXPUNGE during FETCH, STORE or SEARCH by number");
                    Assert.That(number, Is.InRange(1, _uids.Count));
                    _uids.RemoveAt(number - 1);
                    break;
                default:
                    Assert.That(number, Is.InRange(1, _uids.Count));
                    if (UidItem.Match(rest) is { Success: true } item)
                    {
                        var uid = uint.Parse(item.Groups["uid"].Value, CultureInfo.InvariantCulture);
                        Assert.That(_uids[number - 1], Is.EqualTo(0u).Or.EqualTo(uid), $"message {number}");
                        _uids[number - 1] = uid;
                    }

                    break;
            }
        }
    }
}
