using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace MailCore.Load.Mixed;

/// <summary>What the clients did and heard. Thread-safe.</summary>
internal sealed partial class Observations
{
    private readonly ConcurrentDictionary<string, long> _counts = new();
    private readonly ConcurrentDictionary<string, (long Count, string Example)> _surprises = new();

    public IEnumerable<KeyValuePair<string, long>> Counts => _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    /// <summary>What no client should have met, in groups without their numbers.</summary>
    public IEnumerable<(string Kind, long Count, string Example)> Surprises => _surprises.Select(pair => (pair.Key, pair.Value.Count, pair.Value.Example));

    public void Count(string what, long number = 1) => _counts.AddOrUpdate(what, number, (_, before) => before + number);

    public void Surprise(string protocol, Exception error)
    {
        var text = $"{protocol}: {(error is UnexpectedReplyException ? "" : error.GetType().Name + ": ")}{error.Message}";
        _surprises.AddOrUpdate(Number().Replace(text, "N"), (1, text), static (_, before) => (before.Count + 1, before.Example));
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}

/// <summary>A server said what it should not have.</summary>
internal sealed class UnexpectedReplyException(string command, string reply) : Exception($"{command} was answered: {reply}");
