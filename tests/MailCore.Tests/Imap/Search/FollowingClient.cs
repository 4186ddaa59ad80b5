using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>
/// A client that keeps the results of searches up to date by what it is told alone: EXISTS and EXPUNGE for its numbers, ADDTO and
/// REMOVEFROM for its results. Numbers and UIDs that it does not have are an error.
/// </summary>
internal sealed partial class FollowingClient(ImapTestClient client) : IAsyncDisposable
{
    private readonly List<Message> _messages = [];
    private readonly Dictionary<string, Context> _contexts = [];

    public int Count => _messages.Count;

    /// <summary>UIDs by what '$' was when it was set.</summary>
    public HashSet<uint> Saved { get; set; } = [];

    public IEnumerable<Context> Contexts => _contexts.Values;

    [GeneratedRegex(@"^\* (?<number>\d+) (?<name>EXISTS|EXPUNGE)$")]
    private static partial Regex Counted { get; }

    [GeneratedRegex(@"^\* \d+ FETCH \(UID (?<uid>\d+) FLAGS \((?<flags>[^)]*)\)\)$")]
    private static partial Regex Fetched { get; }

    [GeneratedRegex(@"^\* ESEARCH \(TAG ""(?<tag>\w+)""\)(?<uid> UID)?(?: REMOVEFROM \(0 (?<removed>[\d,:]+)\))?(?: ADDTO \(0 (?<added>[\d,:]+)\))?$")]
    private static partial Regex Followed { get; }

    public static async Task<FollowingClient> SelectAsync(ImapTestServer server)
    {
        var following = new FollowingClient(await server.ClientAsync());
        await following.RunAsync("LOGIN bob secret");
        await following.RunAsync("SELECT INBOX");
        await following.LearnAsync();
        return following;
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    /// <summary>Brings everything up to date and gives back the messages with their flags, in order.</summary>
    public async Task<List<(uint Uid, HashSet<string> Flags)>> LearnAsync()
    {
        await RunAsync("NOOP");
        var messages = new List<(uint, HashSet<string>)>();
        foreach (var response in await RunAsync("UID FETCH 1:* FLAGS"))
        {
            if (Fetched.Match(response) is { Success: true } match)
            {
                messages.Add((Number(match.Groups["uid"].Value), [.. match.Groups["flags"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));
            }
        }

        Assert.That(messages, Has.Count.EqualTo(_messages.Count));
        for (var i = 0; i < messages.Count; i++)
        {
            Assert.That(_messages[i].Uid, Is.EqualTo(0u).Or.EqualTo(messages[i].Item1), $"message {i + 1}");
            _messages[i].Uid = messages[i].Item1;
        }

        return messages;
    }

    /// <summary>Begins to follow a search.</summary>
    public async Task FollowAsync(string tag, ModelCriteria criteria, bool areUids)
    {
        await client.SendAsync($"{tag} {(areUids ? "UID " : "")}SEARCH RETURN (UPDATE ALL) {criteria.Text}\r\n");
        var responses = await client.ReadToAsync(tag);
        Assert.That(responses[^1], Does.Contain(" OK "), responses[^1]);
        var context = new Context(criteria, areUids);
        var result = responses.Single(static response => response.StartsWith("* ESEARCH", StringComparison.Ordinal)).Split(" ALL ");
        Add(context, result.Length == 1 ? [] : Set(result[1]));
        _contexts[tag] = context;
        foreach (var response in responses.Where(static response => !response.StartsWith("* ESEARCH", StringComparison.Ordinal)))
        {
            Take(response);
        }
    }

    public async Task<IReadOnlyList<string>> RunAsync(string command)
    {
        var responses = await client.RunAsync(command);
        Assert.That(responses[^1], Does.Match("^T\\d+ (OK|NO \\[EXPUNGEISSUED\\])"), command);
        foreach (var response in responses)
        {
            Take(response);
        }

        return responses;
    }

    /// <summary>The numbers of an ESEARCH set.</summary>
    public static IEnumerable<uint> Set(string text) => text == "NIL" ? [] : text.Split(',').SelectMany(static range =>
    {
        var ends = range.Split(':').Select(Number).ToArray();
        return Enumerable.Range((int)ends[0], (int)(ends[^1] - ends[0] + 1)).Select(static number => (uint)number);
    });

    private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

    private void Take(string response)
    {
        if (Counted.Match(response) is { Success: true } counted)
        {
            var number = (int)Number(counted.Groups["number"].Value);
            if (counted.Groups["name"].Value == "EXISTS")
            {
                _messages.AddRange(Enumerable.Range(0, number - _messages.Count).Select(static _ => new Message()));
                return;
            }

            var gone = _messages[number - 1];
            Assert.That(_contexts.Values.Any(one => one.Matches.Contains(gone)), Is.False, "EXPUNGE of a result without REMOVEFROM before it");
            _messages.RemoveAt(number - 1);
        }
        else
        {
            TakeChange(Followed.Match(response).Groups);
        }
    }

    private void TakeChange(GroupCollection change)
    {
        if (_contexts.GetValueOrDefault(change["tag"].Value) is not { } context)
        {
            return;
        }

        Assert.That(change["uid"].Success, Is.EqualTo(context.AreUids));
        Remove(context, change["removed"].Success ? Set(change["removed"].Value) : []);
        Add(context, change["added"].Success ? Set(change["added"].Value) : []);
    }

    private void Add(Context context, IEnumerable<uint> numbers)
    {
        foreach (var number in numbers)
        {
            Assert.That(context.AreUids ? context.Uids.Add(number) : context.Matches.Add(_messages[(int)number - 1]), Is.True, $"{number} was there");
        }
    }

    private void Remove(Context context, IEnumerable<uint> numbers)
    {
        foreach (var number in numbers)
        {
            Assert.That(context.AreUids ? context.Uids.Remove(number) : context.Matches.Remove(_messages[(int)number - 1]), Is.True, $"{number} was not there");
        }
    }

    internal sealed class Message
    {
        /// <summary>0 until it is asked for.</summary>
        public uint Uid { get; set; }
    }

    /// <summary>By number or by UID.</summary>
    internal sealed record Context(ModelCriteria Criteria, bool AreUids)
    {
        public HashSet<Message> Matches { get; } = [];

        public HashSet<uint> Uids { get; } = [];

        public IEnumerable<uint> Result => (AreUids ? Uids : Matches.Select(static message => message.Uid)).Order();
    }
}
