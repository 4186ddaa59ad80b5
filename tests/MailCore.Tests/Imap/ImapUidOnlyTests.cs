using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>A client of UIDONLY (RFC 9586) that keeps a set of UIDs with their flags by what it is told alone, while others change the mailbox.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class ImapUidOnlyTests
{
    private const int Steps = 150;

    private readonly Dictionary<uint, string> _known = [];
    private int _exists;

    [GeneratedRegex(@"^\* (?<uid>\d+) UIDFETCH \((?:UID \d+ )?FLAGS \((?<flags>[^)]*)\)(?: MODSEQ \(\d+\))?\)$")]
    private static partial Regex Fetched { get; }

    [GeneratedRegex(@"^\* (?<count>\d+) EXISTS$")]
    private static partial Regex Counted { get; }

    [GeneratedRegex(@"^\* \d+ (FETCH|EXPUNGE)")]
    private static partial Regex Numbered { get; }

    [TestCase("", 1)]
    [TestCase("", 2)]
    [TestCase("", 3)]
    [TestCase("QRESYNC ", 4)]
    [TestCase("CONDSTORE ", 5)]
    [TestCase("IMAP4rev2 ", 6)]
    public async Task No_number_is_told_and_no_uid_is_wrong_whatever_others_do(string more, int seed)
    {
        var random = new Random(seed);
        var model = new ImapUidOnlyTests();
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        for (var i = 0; i < 10; i++)
        {
            await server.AppendAsync("Subject: x\r\n\r\nx"u8.ToArray());
        }

        await using var other = await server.SelectedAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync($"ENABLE {more}UIDONLY");
        model.Take(await client.OkAsync("SELECT INBOX"));
        model.Take(await client.OkAsync("UID FETCH 1:* FLAGS"));
        for (var step = 0; step < Steps; step++)
        {
            await other.RunAsync(Change(random));
            model.Take(await client.OkAsync(Command(random)));
            if (step % 10 == 9)
            {
                await model.CheckAsync(client);
            }
        }
    }

    private static string Change(Random random) => random.Next(5) switch
    {
        0 => "APPEND INBOX {1+}\r\nx",
        1 => $"UID STORE {random.Next(1, 40)}:{random.Next(1, 40)} +FLAGS.SILENT (\\Flagged)",
        2 => $"UID STORE {random.Next(1, 40)} +FLAGS.SILENT (\\Deleted)",
        3 => $"UID MOVE {random.Next(1, 40)} INBOX",
        _ => "EXPUNGE",
    };

    private static string Command(Random random) => random.Next(13) switch
    {
        0 => "NOOP",
        1 => $"UID FETCH {random.Next(1, 40)}:* FLAGS",
        2 => $"UID STORE {random.Next(1, 40)}:{random.Next(1, 40)} +FLAGS (\\Seen)",
        3 => $"UID STORE {random.Next(1, 40)} FLAGS (\\Deleted)",
        4 => $"UID EXPUNGE {random.Next(1, 40)}:{random.Next(1, 40)}",
        5 => "UID SORT (REVERSE DATE) UTF-8 ALL",
        6 => "UID THREAD REFERENCES UTF-8 ALL",
        7 => "UID SEARCH RETURN (SAVE) FLAGGED",
        8 => $"UID SEARCH RETURN (SAVE PARTIAL -1:-{random.Next(1, 9)}) UID 1:*",
        9 => $"UID FETCH {random.Next(1, 20)}:* FLAGS (PARTIAL 1:{random.Next(1, 9)})",
        10 => $"UID FETCH 1:* FLAGS (PARTIAL -{random.Next(1, 9)}:-{random.Next(1, 9)})",
        11 => "UIDBATCHES 500",
        _ => "UID FETCH $ FLAGS",
    };

    private async Task CheckAsync(ImapTestClient client)
    {
        Take(await client.OkAsync("NOOP"));
        await CheckPagesAsync(client);
        var truth = new ImapUidOnlyTests();
        truth.Take(await client.OkAsync("UID FETCH 1:* FLAGS"));
        foreach (var (uid, flags) in truth._known)
        {
            // A new message is told of by EXISTS alone.
            Assert.That(_known.GetValueOrDefault(uid, flags), Is.EqualTo(flags), $"UID {uid}");
            _known[uid] = flags;
        }

        Assert.That(_known.Keys, Is.EquivalentTo(truth._known.Keys));
        Assert.That(_known, Has.Count.EqualTo(_exists));
    }

    // Nothing changes between these.
    private static async Task CheckPagesAsync(ImapTestClient client)
    {
        static string[] Uids(IReadOnlyList<string> responses) => [.. responses.Select(static line => Fetched.Match(line)).Where(static match => match.Success).Select(static match => match.Groups["uid"].Value)];
        var all = Uids(await client.OkAsync("UID FETCH 1:* FLAGS"));
        Assert.That(Uids(await client.OkAsync("UID FETCH 1:* FLAGS (PARTIAL 2:4)")), Is.EqualTo(all.Skip(1).Take(3)));
        Assert.That(Uids(await client.OkAsync("UID FETCH 1:* FLAGS (PARTIAL -3:-1)")), Is.EqualTo(all.TakeLast(3)));
        await client.OkAsync("UID SEARCH RETURN (SAVE PARTIAL -2:-1) ALL");
        Assert.That(Uids(await client.OkAsync("UID FETCH $ FLAGS")), Is.EqualTo(all.TakeLast(2)));
        var batches = (await client.OkAsync("UIDBATCHES 500"))[0].Split(' ').Skip(4);
        Assert.That(batches, Is.EqualTo(all.Length == 0 ? [] : new[] { $"{all[^1]}:1" }));
    }

    private void Take(IReadOnlyList<string> responses)
    {
        foreach (var response in responses)
        {
            Assert.That(Numbered.IsMatch(response), Is.False, response);
            if (Fetched.Match(response) is { Success: true } fetched)
            {
                _known[uint.Parse(fetched.Groups["uid"].Value, CultureInfo.InvariantCulture)] = fetched.Groups["flags"].Value;
            }
            else if (response.StartsWith("* VANISHED ", StringComparison.Ordinal))
            {
                Vanish(response["* VANISHED ".Length..]);
            }
            else if (Counted.Match(response) is { Success: true } counted)
            {
                _exists = int.Parse(counted.Groups["count"].Value, CultureInfo.InvariantCulture);
            }
        }
    }

    // Each is one that this client counts, and is told once.
    private void Vanish(string set)
    {
        foreach (var range in set.Split(','))
        {
            var ends = range.Split(':');
            for (var uid = uint.Parse(ends[0], CultureInfo.InvariantCulture); uid <= uint.Parse(ends[^1], CultureInfo.InvariantCulture); uid++)
            {
                _known.Remove(uid);
                _exists--;
            }
        }
    }
}
