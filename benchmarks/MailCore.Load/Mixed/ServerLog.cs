using System.Text.Json;

namespace MailCore.Load.Mixed;

/// <summary>What the server logs at Warning and above, in groups by template. Thread-safe.</summary>
internal sealed class ServerLog
{
    // What must come in such a run, and why.
    private static readonly Dictionary<int, string> Expected = new()
    {
        [9008] = "the run is root's, which Postfix needs, and the server runs as it does",
        [9001] = "the certificate is the server's own: the run gives it none",
        [4503] = "the recipients gone@elsewhere.example, whom Postfix refuses: their senders get the reports that are counted",
    };

    private readonly Lock _gate = new();
    private readonly Dictionary<(int Id, string Level, string Template, string Exception), Group> _groups = [];

    /// <summary>The last line that was no log, such as the reason why it does not start.</summary>
    public string Last { get; private set; } = "";

    public IReadOnlyList<LogGroup> Groups
    {
        get
        {
            lock (_gate)
            {
                return [.. _groups.OrderBy(pair => pair.Key.Id).Select(pair => new LogGroup(
                    pair.Key.Id, pair.Key.Level, pair.Key.Template + (pair.Key.Exception.Length > 0 ? $" ({pair.Key.Exception})" : ""), pair.Value.Count, pair.Value.Example,
                    pair.Key.Exception.Length == 0 ? Expected.GetValueOrDefault(pair.Key.Id) : null))];
            }
        }
    }

    public void AddJson(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var entry = json.RootElement;
            var exception = entry.TryGetProperty("Exception", out var error) ? error.GetString() ?? "" : "";
            var template = entry.TryGetProperty("State", out var state) && state.TryGetProperty("{OriginalFormat}", out var format) ? format.GetString() : null;
            Add(entry.GetProperty("EventId").GetInt32(), entry.GetProperty("LogLevel").GetString()!, template ?? entry.GetProperty("Message").GetString()!, exception.Split(':')[0], line);
        }
        catch (JsonException)
        {
            AddPlain(line);
        }
    }

    /// <summary>What comes outside of the log, such as the stack trace of a crash.</summary>
    public void AddPlain(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            Last = line;
            Add(0, "Output", "a line outside of the log", "", line);
        }
    }

    private void Add(int id, string level, string template, string exception, string example)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue((id, level, template, exception), out var group))
            {
                _groups[(id, level, template, exception)] = group = new Group(example);
            }

            group.Count++;
        }
    }

    private sealed class Group(string example)
    {
        public string Example => example;

        public long Count { get; set; }
    }
}

/// <summary>Log entries of one template; without an explanation nobody expected them.</summary>
internal sealed record LogGroup(int Id, string Level, string Template, long Count, string Example, string? Explanation);
