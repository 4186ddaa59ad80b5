using System.Text;

namespace MailCore.Testing;

/// <summary>
/// What was said in one session, line by line. Passwords and SASL exchanges stand as "***", messages as a number of octets; long lines
/// and long sessions are cut. Thread-safe; grows while the session goes on.
/// </summary>
public sealed class Transcript
{
    private const int MaxLines = 2_000;
    private const int MaxLine = 400;

    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private int _omitted;

    internal Transcript(string connection, string endpoint, TestProtocol protocol, DateTimeOffset started) =>
        (Connection, Endpoint, Protocol, Started) = (connection, endpoint, protocol, started);

    /// <summary>The connection's id.</summary>
    public string Connection { get; }

    /// <summary>The endpoint's name: "smtp", "submissions", "imap".</summary>
    public string Endpoint { get; }

    /// <summary>What was spoken.</summary>
    public TestProtocol Protocol { get; }

    /// <summary>By the server's clock.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Who logged in; null for strangers.</summary>
    public string? User { get; internal set; }

    /// <summary>A copy: "C: " before what the client said, "S: " before what the server said, "-- " before what happened.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return _omitted == 0 ? [.. _lines] : [.. _lines, $"-- {_omitted} lines more"];
            }
        }
    }

    /// <summary>Addresses that the session was about.</summary>
    internal HashSet<string> Addresses { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder($"{Endpoint} {Connection}{(User is null ? "" : $" ({User})")}, {Started:HH:mm:ss.fff}\n");
        foreach (var line in Lines)
        {
            text.Append("  ").Append(line).Append('\n');
        }

        return text.ToString();
    }

    internal bool Concerns(string address)
    {
        lock (_lock)
        {
            return Addresses.Contains(address) || string.Equals(User, address, StringComparison.OrdinalIgnoreCase);
        }
    }

    internal void Involve(string address)
    {
        lock (_lock)
        {
            Addresses.Add(address);
        }
    }

    internal void Client(string line) => Add("C: ", line);

    internal void Server(ReadOnlySpan<byte> octets)
    {
        const int shown = 4 * 1024;
        var text = Encoding.UTF8.GetString(octets[..Math.Min(octets.Length, shown)]);
        foreach (var line in text.AsSpan().TrimEnd("\r\n").EnumerateLines())
        {
            Add("S: ", line);
        }

        if (octets.Length > shown)
        {
            Note($"{octets.Length - shown} octets more");
        }
    }

    internal void Note(string what) => Add("-- ", what);

    private void Add(string who, ReadOnlySpan<char> line)
    {
        var text = line.Length > MaxLine ? $"{who}{line[..MaxLine]}... ({line.Length} characters)" : string.Concat(who, line);
        lock (_lock)
        {
            if (_lines.Count < MaxLines)
            {
                _lines.Add(text);
            }
            else
            {
                _omitted++;
            }
        }
    }
}
