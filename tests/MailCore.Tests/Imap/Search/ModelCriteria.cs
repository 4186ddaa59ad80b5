using System.Globalization;

namespace MailCore.Tests.Imap.Search;

/// <summary>A search as a client writes it, and as a test answers it, the slow and obvious way.</summary>
/// <param name="Text">What stands behind SEARCH, in UTF-8 with literals.</param>
/// <param name="Matches">By a message and its number of so many.</param>
internal sealed record ModelCriteria(string Text, Func<ModelMessage, int, bool> Matches)
{
    private static readonly string[] Words = ["river", "BOAT", "eport", "ÜBER", "naïve", "nothing", "t r", "X"];

    /// <summary>Of everything that SEARCH knows, nested.</summary>
    public static ModelCriteria Random(Random random, IReadOnlyList<ModelMessage> messages, int depth = 4) => random.Next(depth > 0 ? 8 : 5) switch
    {
        0 or 1 => Flag(random),
        2 => Numbers(random, messages),
        3 => Dates(random),
        4 => Texts(random),
        5 => Not(Random(random, messages, depth - 1)),
        6 => Or(Random(random, messages, depth - 1), Random(random, messages, depth - 1)),
        _ => All([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Random(random, messages, depth - 1))]),
    };

    /// <summary>Of flags and UIDs alone.</summary>
    public static ModelCriteria RandomFlags(Random random, int depth = 3) => random.Next(depth > 0 ? 5 : 2) switch
    {
        0 or 1 => Flag(random),
        2 => Not(RandomFlags(random, depth - 1)),
        3 => Or(RandomFlags(random, depth - 1), RandomFlags(random, depth - 1)),
        _ => All([RandomFlags(random, depth - 1), RandomFlags(random, depth - 1)]),
    };

    private static ModelCriteria Not(ModelCriteria inner) => new($"NOT {Wrap(inner)}", (message, number) => !inner.Matches(message, number));

    private static ModelCriteria Or(ModelCriteria first, ModelCriteria second) =>
        new($"OR {Wrap(first)} {Wrap(second)}", (message, number) => first.Matches(message, number) || second.Matches(message, number));

    private static ModelCriteria All(ModelCriteria[] all) =>
        new($"({string.Join(' ', all.Select(static one => one.Text))})", (message, number) => Array.TrueForAll(all, one => one.Matches(message, number)));

    private static string Wrap(ModelCriteria inner) => $"({inner.Text})";

    private static ModelCriteria Flag(Random random) => random.Next(9) switch
    {
        0 => new("SEEN", static (message, _) => message.Flags.Contains("\\Seen")),
        1 => new("UNSEEN", static (message, _) => !message.Flags.Contains("\\Seen")),
        2 => new("FLAGGED", static (message, _) => message.Flags.Contains("\\Flagged")),
        3 => new("UNDELETED", static (message, _) => !message.Flags.Contains("\\Deleted")),
        4 => new("ANSWERED", static (message, _) => message.Flags.Contains("\\Answered")),
        5 => new("KEYWORD later", static (message, _) => message.Flags.Contains("Later")),
        6 => new("UNKEYWORD LATER", static (message, _) => !message.Flags.Contains("Later")),
        7 => new("KEYWORD nobody", static (_, _) => false),
        _ => new("ALL", static (_, _) => true),
    };

    private static ModelCriteria Numbers(Random random, IReadOnlyList<ModelMessage> messages)
    {
        int from = random.Next(1, messages.Count + 1), to = random.Next(1, messages.Count + 1);
        var (low, high) = (Math.Min(from, to), Math.Max(from, to));
        var size = (uint)messages[from - 1].Octets.Length;
        return random.Next(6) switch
        {
            0 => new($"{from}:{to}", (_, number) => number >= low && number <= high),
            1 => new($"{from},{to}", (_, number) => number == from || number == to),
            2 => new($"UID {messages[from - 1].Uid}:{messages[to - 1].Uid}", (_, number) => number >= low && number <= high),
            3 => new($"UID {messages[from - 1].Uid}:*", (_, number) => number >= from),
            4 => new($"LARGER {size}", (message, _) => message.Octets.Length > size),
            _ => new($"SMALLER {size}", (message, _) => message.Octets.Length < size),
        };
    }

    private static ModelCriteria Dates(Random random)
    {
        var day = new DateOnly(2025, 6, random.Next(1, 30));
        var text = day.ToString("d-MMM-yyyy", CultureInfo.InvariantCulture);
        return random.Next(6) switch
        {
            0 => new($"BEFORE {text}", (message, _) => Day(message.Received) < day),
            1 => new($"ON {text}", (message, _) => Day(message.Received) == day),
            2 => new($"SINCE {text}", (message, _) => Day(message.Received) >= day),
            3 => new($"SENTBEFORE {text}", (message, _) => Day(message.Sent) < day),
            4 => new($"SENTON \"{text}\"", (message, _) => Day(message.Sent) == day),
            _ => new($"SENTSINCE {text}", (message, _) => Day(message.Sent) >= day),
        };
    }

    private static ModelCriteria Texts(Random random)
    {
        var word = Words[random.Next(Words.Length)];
        var text = $"{{{System.Text.Encoding.UTF8.GetByteCount(word)}+}}\r\n{word}";
        return random.Next(7) switch
        {
            0 => new($"SUBJECT {text}", (message, _) => Holds(message.Subject, word)),
            1 => new($"FROM {text}", (message, _) => Holds($"{message.From} <", word) || Holds(FromAddress(message), word)),
            2 => new($"HEADER X-Note {text}", (message, _) => Holds(Field(message, "X-Note"), word)),
            3 => new("HEADER X-Note \"\"", static (_, _) => true),
            4 => new("HEADER Cc \"\"", static (_, _) => false),
            5 => new($"BODY {text}", (message, _) => Holds(message.Body, word)),
            _ => new($"TEXT {text}", (message, _) => Holds(message.Body, word) || Holds(message.Subject, word) || Array.Exists(
                message.Header.Split("\r\n"), line => !line.StartsWith("Subject", StringComparison.Ordinal) && Holds(line, word)) || Holds("Subject: " + message.Subject, word)),
        };
    }

    private static string Field(ModelMessage message, string name) =>
        message.Header.Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 2)..];

    private static string FromAddress(ModelMessage message) => Field(message, "From").Split(' ')[^1];

    private static DateOnly Day(DateTimeOffset date) => DateOnly.FromDateTime(date.DateTime);

    private static bool Holds(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
}
