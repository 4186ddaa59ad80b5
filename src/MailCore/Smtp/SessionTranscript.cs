using System.Globalization;
using System.Text;

namespace MailCore.Smtp;

/// <summary>What is said in one session; it grows while the session goes on, up to its limit.</summary>
/// <remarks>Threading: written by the session, read and forgotten from any thread.</remarks>
internal sealed class SessionTranscript(int limit)
{
    private const int LongestLine = 400;

    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    // A reply may be written in pieces.
    private readonly StringBuilder _reply = new();
    private long _omitted;
    private bool _isForgotten;

    public string? Text
    {
        get
        {
            lock (_lock)
            {
                return _isForgotten ? null : _omitted == 0 ? _text.ToString() : string.Create(CultureInfo.InvariantCulture, $"{_text}-- {_omitted} lines more\n");
            }
        }
    }

    /// <summary>A command's line, as far as it holds no secret.</summary>
    /// <param name="verb">As the engine knows it; null where it knows none: that may be a password that came too early.</param>
    /// <param name="line">All of it.</param>
    public void Command(string? verb, ReadOnlySpan<byte> line)
    {
        switch (verb)
        {
            case null:
                Secret();
                break;
            case "AUTH":
                Login(line[verb.Length..].Trim((byte)' '));
                break;
            default:
                Client(Encoding.UTF8.GetString(line[..Math.Min(line.Length, LongestLine + 1)]));
                break;
        }
    }

    public void Client(string what) => Add("C: ", what);

    public void Secret() => Client("***");

    public void Server(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var end = octets.IndexOf((byte)'\n');
            var piece = end < 0 ? octets : octets[..end];
            _reply.Append(Encoding.UTF8.GetString(piece[..Math.Min(piece.Length, LongestLine)]));
            octets = end < 0 ? default : octets[(end + 1)..];
            if (end >= 0)
            {
                var line = _reply.ToString();
                _reply.Clear();
                // A challenge belongs to the login.
                Add("S: ", line.StartsWith("334 ", StringComparison.Ordinal) ? "334 ***" : line);
            }
        }
    }

    public void Note(string what) => Add("-- ", what);

    /// <summary>Gives up the text, also what is yet to be said.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _isForgotten = true;
            _text.Clear();
            _text.Capacity = 0;
        }
    }

    // The mechanism, if it is one, and nothing of what follows (RFC 4954 4).
    private void Login(ReadOnlySpan<byte> argument)
    {
        const int longest = 20;
        var end = argument.IndexOf((byte)' ');
        var mechanism = Encoding.Latin1.GetString(end < 0 ? argument : argument[..end]);
        var isNamed = mechanism.Length is > 0 and <= longest && mechanism.All(static c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c is '-' or '_');
        Client(!isNamed ? "AUTH ***" : end < 0 ? $"AUTH {mechanism}" : $"AUTH {mechanism} ***");
    }

    private void Add(string who, string line)
    {
        var cut = line.AsSpan().TrimEnd("\r\n");
        cut = cut.Length > LongestLine ? $"{cut[..LongestLine]}..." : cut;
        lock (_lock)
        {
            if (_isForgotten || _omitted > 0 || _text.Length + who.Length + cut.Length + 1 > limit)
            {
                _omitted++;
                return;
            }

            _text.Append(who);
            foreach (var c in cut)
            {
                _text.Append(char.IsControl(c) ? '\uFFFD' : c);
            }

            _text.Append('\n');
        }
    }
}
