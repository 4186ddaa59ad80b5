using System.Globalization;
using System.Text.RegularExpressions;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>
/// A client that keeps what it knows between connections and synchronises by QRESYNC, or by CONDSTORE alone (RFC 7162 6). It believes
/// what it is told, and holds the server to it: a message number, once it has a UID, stands for that.
/// </summary>
internal sealed partial class SyncingClient(ImapTestServer server, bool byQResync) : IAsyncDisposable
{
    private readonly SortedDictionary<uint, string> _cache = [];

    // By message number; 0 where the UID is not known yet.
    private readonly List<uint> _uids = [];
    private ImapTestClient? _client;
    private string _uidValidity = "1";
    private long _kept = 1;
    private long _seen;
    private long? _told;
    private (char Mode, string Flag)? _silent;

    public IReadOnlyDictionary<uint, string> Cache => _cache;

    /// <summary>All that was said, for a failure.</summary>
    public List<string> Log { get; } = [];

    public bool IsConnected => _client is not null;

    [GeneratedRegex(@"^\* (?<number>\d+) (?<name>EXISTS|EXPUNGE|FETCH)(?<rest>.*)$", RegexOptions.Singleline)]
    private static partial Regex Numbered { get; }

    [GeneratedRegex(@"^\* VANISHED (?<earlier>\(EARLIER\) )?(?<uids>[\d:,]+)$")]
    private static partial Regex Vanished { get; }

    [GeneratedRegex(@"\[HIGHESTMODSEQ (?<n>\d+)\]")]
    private static partial Regex HighestModSeq { get; }

    [GeneratedRegex(@"\[UIDVALIDITY (?<n>\d+)\]")]
    private static partial Regex UidValidity { get; }

    [GeneratedRegex(@"\bMODSEQ \((?<n>\d+)\)")]
    private static partial Regex ModSeqItem { get; }

    [GeneratedRegex(@"\bUID (?<uid>\d+)")]
    private static partial Regex UidItem { get; }

    [GeneratedRegex(@"\bFLAGS \((?<flags>[^)]*)\)")]
    private static partial Regex FlagsItem { get; }

    // A message whose flags the client has not seen is as good as unknown.
    private int FirstUnknown => _uids.FindIndex(uid => !_cache.ContainsKey(uid));

    /// <summary>Connects and catches up; asserts that nothing is missing then.</summary>
    public async Task ConnectAsync()
    {
        _client = await server.ClientAsync();
        await _client.OkAsync("LOGIN bob secret");
        if (byQResync)
        {
            await _client.OkAsync("ENABLE QRESYNC");
        }

        _uids.Clear();
        var known = string.Join(',', _cache.Keys);
        var select = byQResync ? $"SELECT INBOX (QRESYNC ({_uidValidity} {_kept}{(known.Length > 0 ? " " + known : "")}))" : "SELECT INBOX (CONDSTORE)";
        Log.Add(select);
        var selected = await _client.OkAsync(select);
        _uidValidity = UidValidity.Match(selected.First(static line => line.Contains("[UIDVALIDITY ", StringComparison.Ordinal))).Groups["n"].Value;
        // The first; what happens meanwhile may bring another.
        var first = selected.First(static line => line.EndsWith(" EXISTS", StringComparison.Ordinal));
        var exists = int.Parse(Numbered.Match(first).Groups["number"].Value, CultureInfo.InvariantCulture);
        var last = _cache.Count == 0 ? 0 : _cache.Keys.Last();
        foreach (var line in selected.Where(static line => line.StartsWith("* VANISHED (EARLIER)", StringComparison.Ordinal)))
        {
            Log.Add(line);
            var match = Vanished.Match(line);
            foreach (var uid in UidSet.Parse(match.Groups["uids"].Value))
            {
                _cache.Remove(uid.Value);
            }
        }

        IReadOnlyList<string> found = [];
        if (!byQResync)
        {
            found = await _client.OkAsync("UID SEARCH ALL");
            _uids.AddRange(Enumerable.Repeat(0u, exists));
        }
        else
        {
            // What is left is numbered in the order of its UIDs; what is new comes behind.
            _uids.AddRange(_cache.Keys);
            Assert.That(_uids, Has.Count.LessThanOrEqualTo(exists), $"{known}: {string.Join(" / ", selected)}");
            _uids.AddRange(Enumerable.Repeat(0u, exists - _uids.Count));
        }

        _told = null;
        // By reference: the same number may be told again.
        foreach (var line in selected.Where(line => !ReferenceEquals(line, first) && !line.StartsWith("* VANISHED (EARLIER)", StringComparison.Ordinal)))
        {
            Take(line, mayExpunge: true);
        }

        foreach (var line in found)
        {
            if (line.StartsWith("* SEARCH", StringComparison.Ordinal))
            {
                TakeAll(line);
            }
            else
            {
                Take(line, mayExpunge: true);
            }
        }

        if (!byQResync)
        {
            await RunAsync($"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {_kept})");
        }

        await RunAsync($"UID FETCH {last + 1}:* (FLAGS)");
        await LearnAsync();
    }

    /// <summary>Goes away without a word, perhaps in the middle of a command.</summary>
    public async Task DropAsync(string? unanswered)
    {
        Log.Add($"Leaves {unanswered}");
        if (unanswered is not null)
        {
            await _client!.SendAsync($"x {unanswered}\r\n");
        }

        await DisposeAsync();
        // Messages behind one of unknown UID will be asked for again.
        var known = FirstUnknown is >= 0 and var end ? end : _uids.Count;
        var last = known == 0 ? 0 : _uids[known - 1];
        foreach (var uid in _cache.Keys.Where(uid => uid > last).ToList())
        {
            _cache.Remove(uid);
        }
    }

    public async Task RunAsync(string command)
    {
        _told = null;
        _seen = _kept;
        _silent = command.Contains(".SILENT", StringComparison.Ordinal) ? (command[command.IndexOf("FLAGS", StringComparison.Ordinal) - 1], command[(command.IndexOf('\\', StringComparison.Ordinal))..^1]) : null;
        var mayExpunge = command.StartsWith("UID", StringComparison.Ordinal) || !(command.StartsWith("FETCH", StringComparison.Ordinal) || command.StartsWith("STORE", StringComparison.Ordinal) || command.StartsWith("SEARCH", StringComparison.Ordinal));
        Log.Add(command);
        var lines = await _client!.RunAsync(command);
        Assert.That(lines[^1], Does.Match(@"^T\d+ (OK|NO \[(EXPUNGEISSUED|MODIFIED [\d:,]+)\])"), command);
        foreach (var line in lines)
        {
            Take(line, mayExpunge);
        }

        // RFC 7162 6: what a code says goes before what was seen.
        _kept = _told ?? Math.Max(_kept, _seen);
    }

    /// <summary>Asks for what is new.</summary>
    public async Task LearnAsync()
    {
        while (FirstUnknown is >= 0 and var first)
        {
            await RunAsync($"UID FETCH {(first == 0 ? 0 : _uids[first - 1]) + 1}:* (FLAGS)");
        }
    }

    public async Task ActAsync(Random random)
    {
        if (_client is null)
        {
            await ConnectAsync();
            return;
        }

        var command = Command(random);
        if (random.Next(8) == 0)
        {
            await DropAsync(random.Next(2) == 0 ? command : null);
            return;
        }

        await RunAsync(command);
        if (random.Next(3) > 0)
        {
            await LearnAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.DisposeAsync();
            _client = null;
        }
    }

    private string Command(Random random)
    {
        var some = _uids.Count == 0 ? "1:*" : $"{random.Next(1, _uids.Count + 1)}:{random.Next(1, _uids.Count + 1)}";
        var known = string.Join(',', _cache.Keys.Where(_ => random.Next(3) == 0).DefaultIfEmpty(1u));
        var flag = random.Next(3) switch { 0 => "\\Flagged", 1 => "\\Seen", _ => "\\Deleted" };
        return random.Next(14) switch
        {
            0 => "NOOP",
            1 or 2 => "APPEND INBOX {1+}\r\nx",
            3 => $"STORE {some} +FLAGS ({flag})",
            4 => $"STORE {some} -FLAGS.SILENT ({flag})",
            5 => $"UID STORE {known} +FLAGS.SILENT ({flag})",
            6 => $"UID STORE {known} (UNCHANGEDSINCE {_kept}) +FLAGS.SILENT ({flag})",
            7 => $"STORE {some} (UNCHANGEDSINCE {_kept}) FLAGS ({flag})",
            8 => "EXPUNGE",
            9 => $"UID EXPUNGE {known}",
            10 => $"UID MOVE {known} INBOX",
            11 => $"FETCH {some} (UID BODY[])",
            12 => $"SEARCH MODSEQ {_kept}",
            _ => $"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {_kept}{(byQResync ? " VANISHED" : "")})",
        };
    }

    // All that the client has been told of at this point, in order.
    private void TakeAll(string line)
    {
        Log.Add(line);
        _uids.Clear();
        _uids.AddRange(line["* SEARCH".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse));
        foreach (var uid in _cache.Keys.Where(uid => !_uids.Contains(uid)).ToList())
        {
            _cache.Remove(uid);
        }
    }

    private void Take(string line, bool mayExpunge)
    {
        Log.Add(line);
        if (HighestModSeq.Match(line) is { Success: true } told)
        {
            _told = long.Parse(told.Groups["n"].Value, CultureInfo.InvariantCulture);
        }

        if (Vanished.Match(line) is { Success: true } vanished)
        {
            Assert.That(byQResync, Is.True, "VANISHED before it was asked for");
            TakeVanished(UidSet.Parse(vanished.Groups["uids"].Value), vanished.Groups["earlier"].Success, mayExpunge);
        }
        else if (Numbered.Match(line) is { Success: true } match)
        {
            TakeNumbered(int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture), match.Groups["name"].Value, match.Groups["rest"].Value, mayExpunge);
        }
    }

    private void TakeVanished(UidSet uids, bool isEarlier, bool mayExpunge)
    {
        foreach (var uid in uids)
        {
            if (isEarlier)
            {
                Assert.That(_uids, Does.Not.Contain(uid.Value), "VANISHED (EARLIER) of a message that is counted");
                continue;
            }

            Assert.That(mayExpunge, Is.True, "VANISHED during FETCH, STORE or SEARCH by number");
            var at = _uids.IndexOf(uid.Value);
            at = at >= 0 ? at : _uids.FindLastIndex(known => known != 0 && known < uid.Value) + 1;
            Assert.That(at < _uids.Count && (_uids[at] == 0 || _uids[at] == uid.Value), Is.True, $"VANISHED {uid} of a message that is not counted");
            _uids.RemoveAt(at);
            _cache.Remove(uid.Value);
        }
    }

    private void TakeNumbered(int number, string name, string rest, bool mayExpunge)
    {
        switch (name)
        {
            case "EXISTS":
                Assert.That(number, Is.GreaterThanOrEqualTo(_uids.Count), "EXISTS may not shrink the mailbox");
                _uids.AddRange(Enumerable.Repeat(0u, number - _uids.Count));
                break;
            case "EXPUNGE":
                Assert.That(mayExpunge && !byQResync, Is.True, "EXPUNGE where it is not allowed");
                Assert.That(number, Is.InRange(1, _uids.Count));
                _cache.Remove(_uids[number - 1]);
                _uids.RemoveAt(number - 1);
                break;
            default:
                Assert.That(number, Is.InRange(1, _uids.Count));
                TakeFetch(number, rest);
                break;
        }
    }

    private void TakeFetch(int number, string rest)
    {
        var modSeq = ModSeqItem.Match(rest);
        Assert.That(modSeq.Success, Is.True, $"FETCH without MODSEQ: {rest}");
        _seen = Math.Max(_seen, long.Parse(modSeq.Groups["n"].Value, CultureInfo.InvariantCulture));
        if (UidItem.Match(rest) is { Success: true } item)
        {
            var uid = uint.Parse(item.Groups["uid"].Value, CultureInfo.InvariantCulture);
            Assert.That(_uids[number - 1], Is.EqualTo(0u).Or.EqualTo(uid), $"message {number}");
            _uids[number - 1] = uid;
        }
        else
        {
            Assert.That(byQResync, Is.False, $"FETCH without UID: {rest}");
        }

        var known = _uids[number - 1];
        if (known != 0 && FlagsItem.Match(rest) is { Success: true } flags)
        {
            _cache[known] = Normal(flags.Groups["flags"].Value.Split(' '));
        }
        else if (_silent is { } own && _cache.TryGetValue(known, out var before))
        {
            _cache[known] = Normal(own.Mode == '+' ? [.. before.Split(' '), own.Flag] : before.Split(' ').Where(flag => flag != own.Flag));
        }
    }

    /// <summary>System flags as text: sorted, and without \Recent.</summary>
    public static string Normal(IEnumerable<string> flags) =>
        string.Join(' ', flags.Where(static flag => flag is not ("" or "\\Recent")).Distinct().Order(StringComparer.Ordinal));
}
